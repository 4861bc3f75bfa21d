# machine: epyc
# about: fio uses the same provider beside us; both succeed within the pool's size
mounted A /mnt/a
mounted B /mnt/b
beside() {
    fio --name=neighbour --filename="$(disk R)" --rw=read --bs=256k --iodepth=32 --ioengine=io_uring --direct=1 \
        --iomem="mmapshared:$(p2pmem C)/allocate" --thread --minimal --eta=never --output=fio.log --time_based --runtime=60 &
    neighbour=$!
    until_true 20 sh -c "[ \$(cat '$(p2pmem C)/available') -lt 60000000 ]"
    peerpress copy --no-server --json --via C --fallback forbid /mnt/a/odd.bin /mnt/b/beside.bin >out ||
        fail "the copy failed: $(cat out)"
    kill -0 $neighbour || fail "fio did not run all the while"
    kill -INT $neighbour # it ends as if its time were over, but for its exit code
    wait $neighbour || true
}
span beside beside
expect_same /mnt/a/odd.bin /mnt/b/beside.bin
expect_paths 3000777 0 0
# Terse output, version 3: the sixth field is KiB read.
expect_more "KiB that fio read" "$(tail -n 1 fio.log | cut -d';' -f6)" 1024
expect_eq "fio's error" "$(tail -n 1 fio.log | cut -d';' -f5)" 0
