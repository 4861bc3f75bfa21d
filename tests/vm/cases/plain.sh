# machine: plain
# about: without NVMe devices and p2pmem: doctor says so, and the software path works
expect_exit 0 peerpress doctor
cat out
expect_contains "doctor's page" "$(cat out)" "this machine has no NVMe devices"
expect_contains "doctor's page" "$(cat out)" "Compression in software works"
expect_lacks "doctor's page" "$(cat out)" "failed"
expect_exit 0 peerpress devices
expect_contains "devices" "$(cat out)" "This machine has no NVMe devices and no p2pmem."
cat /bin/* /lib/* 2>/dev/null | head -c 3000000 >data
expect_exit 0 peerpress compress --no-server data
gunzip -c data.gz >back
expect_same data back
