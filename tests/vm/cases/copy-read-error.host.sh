at_least "read into C, with the error" "$(bytes refused read C)" $((1 << 20))
expect_absent B /broken.bin
expect_p2p other C "$(size_of "$data/odd.bin")"
expect_file B /other.bin "$data/odd.bin"
