# machine: intel
# about: both controller memory buffers are there, one on the root bus, one below the switch
expect_eq "size of C's p2pmem" "$(cat "$(p2pmem C)/size")" 67108864
expect_eq "size of F's p2pmem" "$(cat "$(p2pmem F)/size")" 67108864
expect_contains "F's place" "$(readlink -f /sys/bus/pci/devices/$(address F))" "/$(basename "$(dirname "$(readlink -f /sys/bus/pci/devices/$(address D))")" | cut -c1-8)"
