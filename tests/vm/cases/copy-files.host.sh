expect_p2p copy C "$(size_of "$data/data.bin")"
expect_untouched copy F
expect_file B /out.bin "$data/data.bin"
