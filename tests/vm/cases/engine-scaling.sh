# machine: noload
# about: three cores do at least 2.8 times the work of one, where they are slow (1 MB/s) and emulation is not the limit
mounted A /mnt/a
mounted B /mnt/b
compress() { # NAME
    expect_exit 0 peerpress compress --no-server --json --via P --verify off --fallback forbid -o "/mnt/b/scaling-$1.gz" /mnt/a/data.bin
    expect_paths 8388608 0 0
}
order P "fault delay=400ms op=compress times=always"
order P "core 1 down"
order P "core 2 down"
compress one
order P "core 1 up"
order P "core 2 up"
compress three
order P clear
gunzip -c /mnt/b/scaling-three.gz | cmp - /mnt/a/data.bin || fail "scaling-three.gz is not right"
