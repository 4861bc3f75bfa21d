# machine: noload
# about: examples/demo-throughput.sh, which is for real servers, runs to its end: copies, software, accelerators
mounted A /mnt/a
mounted B /mnt/b
mkdir /mnt/a/throughput
cp /mnt/a/odd.bin /mnt/a/throughput
sync
bytes=$(stat -c %s /mnt/a/odd.bin)
before=$(ls /mnt/b)

expect_exit 0 demo-throughput.sh --source /mnt/a/throughput --target /mnt/b --seconds 0
cat out
for way in "copies through host memory" "copies from peer to peer" "compression by software" "compression by accelerators" \
    "what was made of it last, byte for byte" "DRAM traffic was not measured: there is no perf"; do
    expect_contains "the demo" "$(cat out)" "$way"
done

expect_exit 0 demo-throughput.sh --source /mnt/a/throughput --target /mnt/b --seconds 0 --json --device N --device O
grep -v '^==' out
way() { grep "\"name\":\"$1\"" out; }
expect_contains "the copy through host memory" "$(way copy-host)" "\"bytes_in\":$bytes,"
expect_contains "the copy through host memory" "$(way copy-host)" "\"paths\":[{\"path\":\"host\",\"device\":\"\",\"bytes\":$bytes,"
expect_contains "the copy from peer to peer" "$(way copy)" '"paths":[{"path":"p2p"'
expect_lacks "the copy from peer to peer" "$(way copy)" '"path":"host"'
expect_contains "software" "$(way software)" '"paths":[{"path":"cpu","device":"software"'
expect_contains "accelerators" "$(way device)" '"paths":[{"path":"p2p"'
expect_lacks "accelerators" "$(way device)" '"path":"cpu"'
expect_eq "what is left below the target" "$(ls /mnt/b)" "$before"

expect_exit 1 demo-throughput.sh --source /mnt/nowhere --target /mnt/b
expect_contains "the error" "$(cat err)" "/mnt/nowhere is not a folder"
