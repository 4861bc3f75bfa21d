# machine: epyc
# about: the guest has what peer-to-peer needs: an SSD pair and a controller whose CMB is p2pmem
expect_eq "size of C's p2pmem" "$(cat "$(p2pmem C)/size")" 67108864
# The driver keeps its own submission queues in the CMB as well: what is left is less than the size.
expect_more "available of C's p2pmem" "$(cat "$(p2pmem C)/available")" 60000000
[ -b "$(disk A)" ] || fail "no disk A"
[ -b "$(disk B)" ] || fail "no disk B"
mounted A /mnt/a
[ -s /mnt/a/data.bin ] || fail "A holds no data.bin"
