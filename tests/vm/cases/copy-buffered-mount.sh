# machine: epyc
# about: a mount that writes through the page cache: refused for p2p with that reason
mounted A /mnt/a
mounted G /mnt/g ext4 data=journal
refused --via C --fallback forbid /mnt/a/odd.bin /mnt/g/journal.bin
expect_eq "the reason" "$(json reason out)" P2P_UNAVAILABLE
expect_contains "the message" "$(json message out)" "data=journal"
copied allowed --via C /mnt/a/odd.bin /mnt/g/journal.bin
expect_eq "p2p bytes" "$(path_bytes p2p out)" 0
expect_same /mnt/a/odd.bin /mnt/g/journal.bin
