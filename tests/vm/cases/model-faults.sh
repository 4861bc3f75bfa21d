# machine: noload
# about: an accelerator does wrong as it is told: statuses, corrupt and stale data, false answers, silence; and is well again
mounted A /mnt/a
mounted B /mnt/b
compressed O 1 /mnt/a/data.bin /mnt/b/good.gz
cp member good

# expect_check WHAT: what a sound core says of the member that was just written, in ./checked.
checked() {
    core check "$(p2pmem O)/allocate" "$(core_of O 2)" "$1" "$(cut -d' ' -f1 member)" >checked 2>&1 || true
}
order O "fault status=0x006"
expect_exit 3 core compress "$(p2pmem O)/allocate" "$(core_of O 1)" /mnt/a/data.bin /mnt/b/none.gz
expect_contains "the status" "$(cat err)" "status 0x006"

order O "fault flip"
compressed O 1 /mnt/a/data.bin /mnt/b/flipped.gz
expect_eq "the answer with a flipped bit" "$(cat member)" "$(cat good)"
checked /mnt/b/flipped.gz
expect_contains "a sound core" "$(cat checked)" "status 0x70"

order O "fault crc"
compressed O 1 /mnt/a/data.bin /mnt/b/crc.gz
[ "$(cat member)" != "$(cat good)" ] || fail "the CRC-32 is right"
order O "fault length=-4096"
compressed O 1 /mnt/a/data.bin /mnt/b/short.gz
expect_eq "bytes too few" "$(($(cut -d' ' -f1 good) - $(cut -d' ' -f1 member)))" 4096

# Wrong input, consistently: nothing that looks at the member alone can tell.
order O "fault stale"
compressed O 1 /mnt/a/odd.bin /mnt/b/stale.gz
expect_eq "the stale member" "$(cat member)" "$(cat good)"
checked /mnt/b/stale.gz
expect_eq "a sound core" "$(cat checked)" "$((480 << 10)) $(cut -d' ' -f2 good)"

order O "core 0 down"
expect_exit 3 core compress "$(p2pmem O)/allocate" "$(core_of O 1)" /mnt/a/data.bin /mnt/b/none.gz
expect_contains "the status" "$(cat err)" "status 0x082"
order O "core 0 up"
order O "fault hang=2s"
compressed O 1 /mnt/a/data.bin /mnt/b/late.gz
expect_eq "the member after a silence" "$(cat member)" "$(cat good)"
