# What the cases share. Each case runs in a subshell with `set -e`; `fail` and a failing command end it.

fail() {
    echo "    FAILED: $*"
    exit 1
}

# expect_eq WHAT GOT WANTED
expect_eq() {
    [ "$2" = "$3" ] || fail "$1: got '$2', wanted '$3'"
    echo "    ok: $1 is $3"
}

# expect_contains WHAT TEXT PART
expect_contains() {
    case $2 in
        *"$3"*) echo "    ok: $1 says '$3'" ;;
        *) fail "$1 does not say '$3': $2" ;;
    esac
}

# expect_more WHAT GOT FLOOR
expect_more() {
    [ "$2" -gt "$3" ] || fail "$1: got $2, wanted more than $3"
    echo "    ok: $1 is $2"
}

# controller SERIAL: the controller's sysfs directory. nvme numbers change from boot to boot; serials do not.
controller() {
    for c in /sys/class/nvme/nvme*; do
        if [ "$(tr -d ' ' <"$c/serial")" = "$1" ]; then
            echo "$c"
            return 0
        fi
    done
    return 1
}

# disk SERIAL: its namespace's block device.
disk() {
    c=$(controller "$1") || return 1
    for n in "$c"/nvme*n1 "$c"/nvme*c*n1; do
        [ -e "$n" ] && echo "/dev/$(basename "$n")" && return 0
    done
    return 1
}

# address SERIAL: the controller's PCI address.
address() {
    cat "$(controller "$1")/address"
}

# p2pmem SERIAL: the directory of the controller's p2pmem pool.
p2pmem() {
    echo "/sys/bus/pci/devices/$(address "$1")/p2pmem"
}

# NVMe controllers are probed asynchronously: wait until as many answer as the machine was given.
wait_for_disks() {
    wanted=$(sed -n 's/.*rig\.disks=\([0-9]*\).*/\1/p' /proc/cmdline)
    for _ in $(seq 100); do
        [ "$(ls /sys/class/block | grep -c '^nvme[0-9]*n[0-9]*$')" -ge "${wanted:-0}" ] && return 0
        sleep 0.1
    done
    echo "RIG fatal only $(ls /sys/class/block | grep -c '^nvme') of $wanted disks appeared"
}

# mounted SERIAL DIR [TYPE]: mounts a disk's file system, ext4 unless told.
mounted() {
    mkdir -p "$2"
    grep -q " $2 " /proc/mounts || mount -t "${3:-ext4}" "$(disk "$1")" "$2"
}

# After each case: nothing mounted, nothing running.
tidy_up() {
    for pid_file in /tmp/*/*.pid; do
        [ -e "$pid_file" ] && kill "$(cat "$pid_file")" 2>/dev/null
    done
    sync
    for mount_point in $(awk '$2 ~ /^\/mnt\// { print $2 }' /proc/mounts); do
        umount "$mount_point" 2>/dev/null
    done
}

# note_window SERIAL: tells the host side where the controller's CMB lies on the bus: the BAR that is as large as the pool.
note_window() {
    size=$(cat "$(p2pmem "$1")/size")
    while read -r first last _; do
        if [ $((last - first + 1)) -eq "$size" ]; then
            echo "RIG window $1 $first $last"
            return 0
        fi
    done <"/sys/bus/pci/devices/$(address "$1")/resource"
    fail "no BAR of $1 is $size bytes long"
}
