# machine: epyc
# about: --verify reads both sides again; a file that does not end at a block, an empty one and one of a byte
mounted A /mnt/a
mounted B /mnt/b
copied verified --via C --fallback forbid --verify /mnt/a/odd.bin /mnt/b/odd.bin
expect_same /mnt/a/odd.bin /mnt/b/odd.bin
copied one --via C /mnt/a/one.bin /mnt/b/one.bin
expect_same /mnt/a/one.bin /mnt/b/one.bin
copied empty --via C /mnt/a/empty.bin /mnt/b/empty.bin
expect_same /mnt/a/empty.bin /mnt/b/empty.bin
# An output that exists is kept.
span exists expect_exit 2 peerpress copy --no-server --json --via C /mnt/a/data.bin /mnt/b/odd.bin
expect_eq "the reason" "$(json reason out)" OUTPUT_EXISTS
expect_same /mnt/a/odd.bin /mnt/b/odd.bin
