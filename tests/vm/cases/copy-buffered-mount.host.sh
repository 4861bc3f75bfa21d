expect_probed_only refused C
expect_probed_only allowed C
expect_file G /journal.bin "$data/odd.bin"
