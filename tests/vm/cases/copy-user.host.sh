size=$(size_of "$data/odd.bin")
expect_probed_only refused C
expect_host by-host "$size"
expect_p2p permitted C "$size"
expect_file B /user/out.bin "$data/odd.bin"
expect_file B /user/p2p.bin "$data/odd.bin"
