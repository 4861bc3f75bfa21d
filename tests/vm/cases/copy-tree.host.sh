expect_p2p tree C $(($(size_of "$data/tree/first") + $(size_of "$data/tree/below/second")))
expect_file B /trees/tree/below/second "$data/data.bin"
expect_probed_only refused C
