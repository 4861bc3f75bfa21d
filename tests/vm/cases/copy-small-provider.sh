# machine: epyc
# about: a provider too small: less than a job wants is enough, less than a chunk is not
mounted A /mnt/a
mounted B /mnt/b
copied small --via S --fallback forbid --chunk 256K /mnt/a/odd.bin /mnt/b/small.bin
expect_contains "the report" "$(cat out)" "$(address S)"
expect_same /mnt/a/odd.bin /mnt/b/small.bin

refused --via S --fallback forbid --chunk 4M /mnt/a/odd.bin /mnt/b/large.bin
expect_eq "the reason" "$(json reason out)" P2P_UNAVAILABLE
expect_contains "the message" "$(json message out)" "p2pmem"
copied by-host --via S --chunk 4M /mnt/a/odd.bin /mnt/b/large.bin
expect_eq "p2p bytes" "$(path_bytes p2p out)" 0
expect_same /mnt/a/odd.bin /mnt/b/large.bin
