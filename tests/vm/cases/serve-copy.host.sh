expect_p2p served C "$(size_of "$data/data.bin")"
expect_file B /served.bin "$data/data.bin"
