# machine: noload
# about: two accelerators work on one file; one that is named works alone
mounted A /mnt/a
mounted B /mnt/b
expect_exit 0 peerpress compress --no-server --json --fallback forbid -o /mnt/b/two.gz /mnt/a/data.bin
expect_paths 8388608 0 0
expect_contains "the report" "$(cat out)" "$(address N)"
expect_contains "the report" "$(cat out)" "$(address O)"
expect_exit 0 peerpress compress --no-server --json --via O --fallback forbid -o /mnt/b/alone.gz /mnt/a/data.bin
expect_contains "the report" "$(cat out)" "$(address O)"
expect_lacks "the report" "$(cat out)" "$(address N)"
gunzip -c /mnt/b/two.gz >two
expect_same /mnt/a/data.bin two
gunzip -c /mnt/b/alone.gz >alone
expect_same /mnt/a/data.bin alone
