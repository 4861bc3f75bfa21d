# machine: noload
# about: three cores do at least 2.8 times the work of one, where their own speed (20 MB/s) is the limit
mounted A /mnt/a
mounted B /mnt/b
for _ in 1 2 3 4; do cat /mnt/a/data.bin; done >/mnt/a/scaling.bin
sync
compress() { # NAME
    expect_exit 0 peerpress compress --no-server --json --via P --verify off --fallback forbid -o "/mnt/b/scaling-$1.gz" /mnt/a/scaling.bin
    expect_paths $((4 * 8388608)) 0 0
}
order P "core 1 down"
order P "core 2 down"
compress one
order P "core 1 up"
order P "core 2 up"
compress three
gunzip -c /mnt/b/scaling-three.gz | cmp - /mnt/a/scaling.bin || fail "scaling-three.gz is not right"
rm /mnt/a/scaling.bin
