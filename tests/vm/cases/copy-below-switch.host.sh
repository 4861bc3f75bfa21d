expect_p2p switch F "$(size_of "$data/data.bin")"
expect_untouched switch C
expect_file E /out.bin "$data/data.bin"
