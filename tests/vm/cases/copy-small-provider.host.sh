size=$(size_of "$data/odd.bin")
expect_p2p small S "$size"
expect_probed_only refused S
expect_host by-host "$size"
expect_file B /small.bin "$data/odd.bin"
expect_file B /large.bin "$data/odd.bin"
expect_untouched small C
