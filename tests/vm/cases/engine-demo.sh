# machine: noload
# about: what examples/demo-p2p.sh shows: SSD to SSD through accelerators' memory, the processor's share, the overlap of the stages
mounted A /mnt/a
mounted B /mnt/b
# Milliseconds that a disk had something to do, and jiffies of the processor: all, idle, in programs, in the kernel.
busy_ms() { awk '{ print $10 }' "/sys/block/$(basename "$(disk "$1")")/stat"; }
jiffies() { awk '/^cpu / { print $2 + $3 + $4 + $5 + $6 + $7 + $8, $5 + $6, $2 + $3, $4 + $7 + $8 }' /proc/stat; }
cp /mnt/a/data.bin /mnt/a/demo.bin
for _ in 1 2 3; do cat /mnt/a/data.bin >>/mnt/a/demo.bin; done
sync

a_before=$(busy_ms A) b_before=$(busy_ms B) cpu_before=$(jiffies) started=$(cut -d' ' -f1 /proc/uptime)
span demo expect_exit 0 peerpress compress --no-server --json --verify off --fallback forbid -o /mnt/b/demo.gz /mnt/a/demo.bin
ended=$(cut -d' ' -f1 /proc/uptime) cpu_after=$(jiffies)
expect_paths $((4 * 8388608)) 0 0
echo "RIG demo reader_busy_ms $(($(busy_ms A) - a_before))"
echo "RIG demo writer_busy_ms $(($(busy_ms B) - b_before))"
echo "RIG demo seconds $started $ended"
echo "RIG demo jiffies $cpu_before $cpu_after"
echo "RIG demo result $(grep '"type":"summary"' out)"
gunzip -c /mnt/b/demo.gz | cmp - /mnt/a/demo.bin || fail "demo.gz is not right"
