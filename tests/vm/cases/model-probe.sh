# machine: noload
# about: an accelerator's model is an NVMe controller to Linux and to nvme-cli: p2pmem, one namespace per core
n=$(controller N)
expect_contains "the model number" "$(cat "$n/model")" "Peerpress accelerator model"
expect_eq "cores of N" "$(ls "$n" | grep -c '^ng[0-9]*n[0-9]*$')" 4
expect_eq "cores of P" "$(ls "$(controller P)" | grep -c '^ng[0-9]*n[0-9]*$')" 4
expect_eq "cores of O" "$(ls "$(controller O)" | grep -c '^ng[0-9]*n[0-9]*$')" 2
expect_eq "size of N's p2pmem" "$(cat "$(p2pmem N)/size")" $((64 << 20))
expect_eq "available of N's p2pmem" "$(cat "$(p2pmem N)/available")" $((64 << 20))

device=/dev/$(basename "$n")
expect_exit 0 nvme id-ctrl "$device"
expect_contains "nvme id-ctrl" "$(tr -s ' ' <out)" "sn : N"
expect_exit 0 nvme id-ns "$device" --namespace-id=1
expect_contains "nvme id-ns" "$(tr -s ' ' <out)" "nsze : 0x800"
expect_exit 0 nvme list
expect_contains "nvme list" "$(cat out)" "Peerpress accelerator model"
expect_eq "the first core" "$(core identify "$device" 1)" "compress ready 1 operations 5 span 1048576"
expect_eq "the last core" "$(core identify "$device" 4)" "decompress ready 1 operations 6 span 1048576"
expect_eq "zeros on a core's disk" "$(dd if="$(disk N)" bs=1M count=1 status=none | tr -d '\0' | wc -c)" 0
