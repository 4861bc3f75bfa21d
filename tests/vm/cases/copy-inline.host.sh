expect_probed_only refused C
expect_probed_only allowed C
expect_file B /inline.bin "$data/inline.bin"
