expect_p2p marker C "$(size_of "$data/marker-p2p.bin")"
expect_host marker-through-host "$(size_of "$data/marker-host.bin")"
expect_file B /marker-p2p.bin "$data/marker-p2p.bin"
expect_file B /marker-host.bin "$data/marker-host.bin"

# RAM keeps what was in it until something else is written there: what went through it shows, what passed it by does not.
expect_in_ram "$data/marker-host.bin"
expect_never_in_ram "$data/marker-p2p.bin"
