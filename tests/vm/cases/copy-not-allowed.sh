# machine: intel
# about: a root complex that is not on the kernel's list: the host path with that reason, a refusal under forbid
mounted A /mnt/a
mounted B /mnt/b
refused --fallback forbid /mnt/a/data.bin /mnt/b/out.bin
expect_eq "the reason" "$(json reason out)" P2P_UNAVAILABLE
expect_contains "the message" "$(json message out)" "crosses the root complex"
expect_contains "the message" "$(json message out)" "PCIe switch"
[ ! -e /mnt/b/out.bin ] || fail "there is an output all the same"

copied by-host /mnt/a/data.bin /mnt/b/out.bin
expect_paths 0 8388608 0
expect_contains "why, in the report" "$(cat out)" "crosses the root complex"
expect_same /mnt/a/data.bin /mnt/b/out.bin
