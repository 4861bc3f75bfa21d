# machine: noload
# about: a file is compressed from SSD to SSD in an accelerator's memory, and decompressed the same way
mounted A /mnt/a
mounted B /mnt/b
span compress expect_exit 0 peerpress compress --no-server --json --via N --fallback forbid -o /mnt/b/data.bin.gz /mnt/a/data.bin
expect_paths 8388608 0 0
expect_contains "the report" "$(cat out)" "$(address N)"
span decompress expect_exit 0 peerpress decompress --no-server --json --via N --fallback forbid -o /mnt/a/back.bin /mnt/b/data.bin.gz
expect_paths "$(stat -c %s /mnt/b/data.bin.gz)" 0 0
expect_same /mnt/a/data.bin /mnt/a/back.bin

# Files that do not end at a block, one of them with a member that does not fill one.
head -c 5000 /mnt/a/data.bin >/mnt/a/small.bin
for name in odd small; do
    expect_exit 0 peerpress compress --no-server --json --fallback forbid -o /mnt/b/$name.gz /mnt/a/$name.bin
    expect_paths "$(stat -c %s /mnt/a/$name.bin)" 0 0
    expect_exit 0 peerpress decompress --no-server --json --fallback forbid -o /mnt/a/$name.back /mnt/b/$name.gz
    expect_same /mnt/a/$name.bin /mnt/a/$name.back
done
# Data in the inode are the processor's.
expect_exit 1 peerpress compress --no-server --json --fallback forbid -o /mnt/b/one.gz /mnt/a/one.bin
expect_contains "the error" "$(cat out)" "inline data"
expect_eq "what is left of N's p2pmem" "$(available N)" $((64 << 20))
