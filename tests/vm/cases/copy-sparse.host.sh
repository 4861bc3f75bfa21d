at_least "read into C" "$(bytes sparse read C)" $((2 << 20))
at_most "read into C" "$(bytes sparse read C)" $(((2 << 20) + (64 << 10)))
# The processor writes the zeros into C, and none is read there.
at_most "read into C of what was never written" "$(bytes unwritten read C)" $((64 << 10))
expect_probed_only refused C
expect_absent B /refused.bin
expect_file B /sparse.bin "$data/sparse.bin"
