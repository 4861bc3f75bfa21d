size=$(size_of "$data/odd.bin")
expect_probed_only refused C
expect_host by-host "$size"
expect_p2p free-again C "$size"
expect_file B /taken.bin "$data/odd.bin"
expect_file B /free.bin "$data/odd.bin"
