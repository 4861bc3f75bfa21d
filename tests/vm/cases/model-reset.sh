# machine: noload
# about: an accelerator works on after a controller reset, a function level reset, and its removal and rediscovery
mounted A /mnt/a
mounted B /mnt/b
compressed N 2 /mnt/a/data.bin /mnt/b/before.gz
cp member before
again() {
    until_true 30 cores_ready N 4
    compressed N 2 /mnt/a/data.bin "/mnt/b/$1.gz"
    expect_eq "the member $1" "$(cat member)" "$(cat before)"
}
echo 1 >"$(controller N)/reset_controller"
again after-reset

address=$(address N)
echo flr >"/sys/bus/pci/devices/$address/reset_method"
echo 1 >"/sys/bus/pci/devices/$address/reset"
again after-flr

echo 1 >"/sys/bus/pci/devices/$address/remove"
[ ! -e "/sys/bus/pci/devices/$address" ] || fail "N is still there"
echo 1 >/sys/bus/pci/rescan
again after-rescan

# With commands on their way.
order N "fault delay=2s times=1"
compressed N 2 /mnt/a/data.bin /mnt/b/in-flight.gz &
sleep 0.5
echo 1 >"$(controller N)/reset_controller"
wait || true
again after-busy-reset
