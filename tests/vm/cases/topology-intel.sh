# machine: intel
# about: an unlisted root complex: `host` with the reason across it, `p2p` below the switch, `unknown` for a user
mounted A /mnt/a
mounted B /mnt/b
mounted D /mnt/d
mounted E /mnt/e
expect_exit 1 peerpress topology --json /mnt/a/data.bin /mnt/b/new
expect_eq "the verdict across the root complex" "$(json path out) $(json reason out)" "host ROOT_COMPLEX_NOT_LISTED"
expect_contains "the way out" "$(json way_out out)" "PCIe switch"
expect_exit 0 peerpress topology --json /mnt/d/data.bin /mnt/e/new
expect_eq "the verdict below the switch" "$(json path out) $(json provider out)" "p2p $(address F)"
expect_exit 1 peerpress topology --json /mnt/d/data.bin /mnt/b/new
expect_eq "the verdict from below the switch to the root bus" "$(json path out)" host

# A user who may have the memory still cannot read the switch's ACS settings, and the verdict is no guess.
chgrp user "$(p2pmem F)/allocate"
expect_exit 1 as_user peerpress topology --json /mnt/d/data.bin /mnt/e/new
chgrp root "$(p2pmem F)/allocate"
expect_eq "the verdict for a user" "$(json path out) $(json reason out)" "unknown ACS_UNREADABLE"
expect_eq "the way out" "$(json way_out out)" "run as root"

# The kernel agrees: the same reads fail and succeed.
probe() { # SOURCE PROVIDER
    fio --name=probe --filename="$1" --rw=read --bs=64k --size=64k --ioengine=io_uring --direct=1 \
        --iomem="mmapshared:$(p2pmem "$2")/allocate" --thread --eta=never --output=fio.log
}
if probe /mnt/a/data.bin C; then fail "the kernel does let A read into C"; fi
probe /mnt/d/data.bin F
