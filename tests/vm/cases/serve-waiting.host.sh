expect_p2p waited C $(($(size_of "$data/data.bin") + $(size_of "$data/odd.bin")))
expect_file B /waited-data.bin "$data/data.bin"
expect_file B /waited-odd.bin "$data/odd.bin"
