# machine: epyc
# about: holes and unwritten extents, which the kernel fills by CPU, are found beforehand and counted as such
mounted A /mnt/a
mounted B /mnt/b
copied sparse --via C /mnt/a/sparse.bin /mnt/b/sparse.bin
expect_paths 2097152 0 2097152
expect_same /mnt/a/sparse.bin /mnt/b/sparse.bin
expect_contains "the report" "$(cat out)" "holes, which stay holes"
sync
expect_eq "512-byte blocks of the copy" "$(stat -c %b /mnt/b/sparse.bin)" 4096

refused --via C --fallback forbid /mnt/a/sparse.bin /mnt/b/refused.bin
expect_eq "the reason" "$(json reason out)" P2P_UNAVAILABLE
expect_contains "the message" "$(json message out)" "2097152 bytes of it are holes"

fallocate -l 2097152 /mnt/a/unwritten.bin
sync
copied unwritten --via C /mnt/a/unwritten.bin /mnt/b/unwritten.bin
expect_eq "p2p bytes of a file without a written block" "$(path_bytes p2p out)" 0
expect_same /mnt/a/unwritten.bin /mnt/b/unwritten.bin
