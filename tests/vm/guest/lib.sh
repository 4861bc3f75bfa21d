# What the cases share. Each case runs in a shell of its own with `set -e`; `fail` and a failing command end it.

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

# expect_lacks WHAT TEXT PART
expect_lacks() {
    case $2 in
        *"$3"*) fail "$1 says '$3': $2" ;;
        *) echo "    ok: $1 does not say '$3'" ;;
    esac
}

# expect_more WHAT GOT FLOOR
expect_more() {
    [ "$2" -gt "$3" ] || fail "$1: got $2, wanted more than $3"
    echo "    ok: $1 is $2"
}

# expect_same FILE FILE: byte for byte.
expect_same() {
    cmp "$1" "$2" || fail "$1 and $2 differ"
    echo "    ok: $1 and $2 are the same"
}

# expect_exit STATUS COMMAND...: its standard output goes to ./out, its standard error to ./err.
expect_exit() {
    wanted=$1
    shift
    status=0
    "$@" >out 2>err || status=$?
    if [ $status -ne "$wanted" ]; then
        tail -n 20 out err
        fail "exit code of '$*': got $status, wanted $wanted"
    fi
    echo "    ok: exit code $status of: $*"
}

# controller SERIAL: the controller's sysfs directory. nvme numbers change from boot to boot; serials do not.
controller() {
    for c in /sys/class/nvme/nvme*; do
        read -r serial <"$c/serial"
        if [ "$serial" = "$1" ]; then
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

# core_of SERIAL NAMESPACE: the character device of an accelerator's core. Its last number need not be the namespace's.
core_of() {
    for n in "$(controller "$1")"/nvme*n*; do
        [ "$(cat "$n/nsid" 2>/dev/null)" = "$2" ] && echo "/dev/ng${n##*/nvme}" && return 0
    done
    return 1
}

# cores_ready SERIAL NAMESPACES: the accelerator is there with all of its cores, and answers.
cores_ready() {
    for n in $(seq "$2"); do
        [ -c "$(core_of "$1" "$n")" ] || return 1
    done
    [ "$(cat "$(controller "$1")/state")" = live ]
}

# order SERIAL TEXT: an order to an accelerator's model, such as a fault.
order() {
    core order "/dev/$(basename "$(controller "$1")")" "$2" || fail "$1 does not take the order '$2'"
}

# compressed SERIAL NAMESPACE SOURCE TARGET: the first 480 KiB of SOURCE as one gzip member, past the host's memory. Its
# size and CRC-32 go to ./member.
compressed() {
    core compress "$(p2pmem "$1")/allocate" "$(core_of "$1" "$2")" "$3" "$4" >member
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

# mounted SERIAL DIR [TYPE [OPTIONS]]: mounts a disk's file system, ext4 unless told.
mounted() {
    mkdir -p "$2"
    # Loading XFS takes seconds under emulation: only the cases that use it do.
    [ "${3:-ext4}" != xfs ] || [ -d /sys/module/xfs ] || insmod /modules/xfs.ko
    grep -q " $2 " /proc/mounts || mount -t "${3:-ext4}" -o "${4:-rw}" "$(disk "$1")" "$2"
}

# tidy_up CASE: nothing running that it started, nothing mounted.
tidy_up() {
    for process in /proc/[0-9]*; do
        [ "$(readlink "$process/cwd")" != "/tmp/$1" ] || kill -9 "${process#/proc/}" 2>/dev/null
    done
    sync
    for _ in $(seq 30); do
        for mount_point in $(awk '$2 ~ /^\/mnt\// { print $2 }' /proc/mounts); do
            umount "$mount_point" 2>/dev/null
        done
        grep -q ' /mnt/' /proc/mounts || return 0
        sleep 0.1
    done
    echo "RIG fatal still mounted: $(grep ' /mnt/' /proc/mounts)"
}

# Tells the host side where a controller's CMB lies on the bus: the BAR that is as large as the pool.
note_windows() {
    for pool in /sys/bus/pci/devices/*/p2pmem; do
        [ -e "$pool/size" ] || continue
        device=${pool%/p2pmem}
        read -r serial <"$(echo "$device"/nvme/nvme*)/serial"
        while read -r first last _; do
            [ $((last - first + 1)) -ne "$(cat "$pool/size")" ] || echo "RIG window $serial $first $last"
        done <"$device/resource"
    done
}

# mark: leaves a mark in QEMU's trace, the read of a block of disk M that is read once only. Sets $marks, its number.
mark() {
    marks=$(($(cat /tmp/marks 2>/dev/null || echo 0) + 1))
    echo "$marks" >/tmp/marks
    dd if="$(disk M)" of=/dev/null bs=4096 skip=$((4194304 + marks)) count=1 iflag=direct status=none
}

# span NAME COMMAND...: runs it between two marks, so that the host side can say what the disks' DMA did meanwhile.
# What was in the page cache is written and dropped first, so that none of it is moved in between.
span() {
    span_name=$1
    shift
    sync
    echo 1 >/proc/sys/vm/drop_caches
    mark
    span_first=$marks
    span_status=0
    "$@" || span_status=$?
    mark
    echo "RIG span $span_name $span_first $marks"
    return $span_status
}

# json FIELD FILE: the value of a field in the last line that has it, without quotes.
json() {
    sed -n 's/.*"'"$1"'":\("\([^"]*\)"\|\([^,}]*\)\).*/\2\3/p' "$2" | tail -n 1
}

# path_bytes PATH FILE: how many bytes the summary in FILE says went that way (p2p, host, cpu).
path_bytes() {
    grep '"type":"summary"' "$2" | grep -o '{"path":"'"$1"'","bytes":[0-9]*' | sed 's/.*://' |
        awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

# until_true SECONDS COMMAND...
until_true() {
    tries=$(($1 * 10))
    shift
    for _ in $(seq $tries); do
        if "$@" >/dev/null 2>&1; then return 0; fi
        sleep 0.1
    done
    fail "not within $((tries / 10)) s: $*"
}

# as_user COMMAND...: as the ordinary user, who is in no group but its own.
as_user() {
    /bin/setpriv --reuid=1000 --regid=1000 --clear-groups "$@"
}

# holding SERIAL MEBIBYTES: a stranger takes that much of the controller's p2pmem, until $holder is killed or the case ends.
holding() {
    hold "$(p2pmem "$1")/allocate" "$2" >hold.log 2>&1 &
    holder=$!
    until_true 10 grep -q held hold.log
    echo "    ok: a stranger holds $2 MiB of $1's p2pmem"
}

# available SERIAL: bytes that are left of the controller's p2pmem.
available() {
    cat "$(p2pmem "$1")/available"
}

# copied SPAN OPERANDS AND OPTIONS...: a copy in process, with its report in ./out; any exit code but 0 ends the case.
copied() {
    copied_span=$1
    shift
    span "$copied_span" expect_exit 0 peerpress copy --no-server --json "$@"
}

# refused OPERANDS AND OPTIONS...: a copy that must fail with exit code 1; its report is in ./out.
refused() {
    span refused expect_exit 1 peerpress copy --no-server --json "$@"
}

# expect_paths P2P HOST CPU: how many bytes the report in ./out says went which way.
expect_paths() {
    expect_eq "bytes that went p2p, via the host, by the CPU, as reported" \
        "$(path_bytes p2p out) $(path_bytes host out) $(path_bytes cpu out)" "$1 $2 $3"
}
