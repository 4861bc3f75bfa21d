size=$(size_of "$data/data.bin")
expect_p2p below-switch F "$size"
expect_untouched below-switch C
expect_p2p pinned C "$size"
expect_untouched pinned F
expect_file G /out.bin "$data/data.bin"
expect_file G /pinned.bin "$data/data.bin"
