# machine: noload
# about: what no accelerator reaches goes through software and says why, or fails before a byte moves where that is forbidden
mounted A /mnt/a
mounted B /mnt/b
cp /mnt/a/data.bin in-ram.bin
expect_exit 0 peerpress compress --no-server --json -o ram.gz in-ram.bin
expect_paths 0 0 8388608
expect_contains "the report" "$(cat out)" "software engine: "
expect_exit 1 peerpress compress --no-server --json --fallback forbid -o forbidden.gz in-ram.bin
expect_contains "the error" "$(cat out)" P2P_UNAVAILABLE
[ ! -e forbidden.gz ] || fail "there is an output"

# Members of 1 MiB do not fit a command.
expect_exit 0 peerpress compress --no-server --json --engine software -o /mnt/b/large.gz /mnt/a/data.bin
expect_exit 0 peerpress decompress --no-server --json -o /mnt/a/large.bin /mnt/b/large.gz
expect_paths 0 0 "$(stat -c %s /mnt/b/large.gz)"
expect_contains "the report" "$(cat out)" "member exceeds device span"
expect_same /mnt/a/data.bin /mnt/a/large.bin
expect_exit 1 peerpress decompress --no-server --json --fallback forbid -o /mnt/a/none.bin /mnt/b/large.gz
expect_contains "the error" "$(cat out)" "--member-size 480K"

expect_exit 0 peerpress compress --no-server --json --engine software --member-size 480K -o /mnt/b/members.gz /mnt/a/data.bin
expect_exit 0 peerpress decompress --no-server --json --fallback forbid -o /mnt/a/members.bin /mnt/b/members.gz
expect_same /mnt/a/data.bin /mnt/a/members.bin
