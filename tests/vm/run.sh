#!/usr/bin/env bash
# tests/vm/run.sh [--list] [--keep] [CASE...]
#
# Boots a stock Linux kernel with NVMe disks and controller memory buffers under QEMU's software emulation, and runs
# the cases inside. A case is tests/vm/cases/NAME.sh (in the guest) and, where it has one, NAME.host.sh (on the host,
# after the machine is off, over the disks' images and QEMU's trace). Machines are tests/vm/machines/*.sh; one boot
# serves all cases of its machine. Ends with "N passed, N failed".
#
# PEERPRESS_PRESET names the build whose programs are tested (release unless told), PEERPRESS_BIN the folder they lie in.
# --keep leaves the disks' images; serial lines and traces always stay, in build/vm/run.
set -euo pipefail

PATH=$PATH:/usr/sbin:/sbin # mkfs and debugfs, for who is not root
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
programs=${PEERPRESS_BIN:-$root/build/${PEERPRESS_PRESET:-release}/bin}
work=$root/build/vm
data=$work/data
boot_seconds_max=${PEERPRESS_VM_SECONDS:-900}
case_seconds_max=120
keep=no

case_field() { sed -n "s/^# $2: *//p" "$here/cases/$1.sh" | head -n 1; }
all_cases() { for file in "$here"/cases/*.sh; do
    case $file in *.host.sh) ;; *) basename "$file" .sh ;; esac
done; }

names=()
for argument in "$@"; do
    case $argument in
        --list)
            for name in $(all_cases); do
                printf '%-28s %-10s %s\n' "$name" "$(case_field "$name" machine)" "$(case_field "$name" about)"
            done
            exit 0
            ;;
        --keep) keep=yes ;;
        -h | --help)
            sed -n '2,10s/^# \{0,1\}//p' "$0"
            exit 0
            ;;
        -*)
            echo "run.sh: unknown option $argument (--list, --keep, --help)" >&2
            exit 1
            ;;
        *)
            if [[ $argument == *.host || ! -e $here/cases/$argument.sh ]]; then
                echo "run.sh: no case named $argument; --list shows them" >&2
                exit 1
            fi
            names+=("$argument")
            ;;
    esac
done
[ ${#names[@]} -gt 0 ] || mapfile -t names < <(all_cases)

for tool in qemu-system-x86_64 fio nvme setpriv cpio g++ mkfs.ext4 mkfs.xfs debugfs python3; do
    if ! command -v "$tool" >/dev/null; then
        echo "run.sh: there is no $tool; packaging/install-packages.sh build vm installs what is needed" >&2
        exit 1
    fi
done
for program in peerpress peerpressd peerpress-model; do
    if [ ! -x "$programs/$program" ]; then
        echo "run.sh: there is no $programs/$program; build it, or name another build by PEERPRESS_PRESET or PEERPRESS_BIN" >&2
        exit 1
    fi
done

mkdir -p "$work"
"$here/fetch-kernel.sh" "$work/kernel"
for name in "${names[@]}"; do
    if grep -q '^model ' "$here/machines/$(case_field "$name" machine).sh"; then
        "$here/fetch-qemu.sh" "$work/qemu"
        break
    fi
done
echo "kernel $(cat "$work/kernel/release"), $(qemu-system-x86_64 --version | head -n 1)"

# Copies a program and the libraries it names into the initramfs, without debugging information: all of it is RAM.
add_program() {
    local program=$1 at
    at=$work/initramfs/bin/$(basename "$program")
    rm -f "$at" # a link to busybox, where that has a program of the same name
    install -D "$program" "$at"
    strip "$at" 2>/dev/null || true
    { ldd "$program" 2>/dev/null || true; } | { grep -o '/[^ ]*' || true; } | while read -r library; do
        at="$work/initramfs/lib/$(basename "$library")"
        case $library in */ld-linux*) at="$work/initramfs$library" ;; esac
        [ -e "$at" ] || install -D "$library" "$at"
    done
}

build_initramfs() {
    rm -rf "$work/initramfs"
    mkdir -p "$work/initramfs"/{bin,sbin,lib,lib64,etc,root,rig}
    add_program "$work/kernel/busybox"
    for applet in $("$work/kernel/busybox" --list | grep -v '^busybox$'); do
        ln -sf busybox "$work/initramfs/bin/$applet"
    done
    for program in "$programs/peerpress" "$programs/peerpressd" "$(command -v fio)" "$(command -v nvme)" "$(command -v setpriv)"; do # setpriv: busybox's takes no user
        add_program "$program"
    done
    g++ -O1 -o "$work/initramfs/bin/hold" "$here/guest/hold.cpp"
    g++ -O1 -std=c++20 -I "$root" -o "$work/initramfs/bin/core" "$here/guest/core.cpp"
    cp "$work/kernel/release" "$work/initramfs/etc/release"
    cp -r "$work/kernel/modules" "$work/initramfs/modules"
    cp "$work/kernel/modules.order" "$work/initramfs/modules/"
    cp "$root/examples/demo-throughput.sh" "$work/initramfs/bin/"
    cp -r "$here/guest/lib.sh" "$here/cases" "$work/initramfs/rig/"
    printf 'root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/tmp:/bin/sh\n' >"$work/initramfs/etc/passwd"
    printf 'root:x:0:\nuser:x:1000:\n' >"$work/initramfs/etc/group"
    install -m 755 "$here/guest/init" "$work/initramfs/init"
    (cd "$work/initramfs" && find . | cpio -o -H newc --quiet) >"$work/initramfs.cpio"
}

# The words a machine file is written in.
disk() { # NAME ext4|xfs|none SIZE [data [OPTION]]: an image of its own; `data` puts the source files there, or fills it
    image "$@"
    qemu+=(-drive "file=$run/$1.img,if=none,id=$1,format=raw,cache=writeback${5:+,$5}")
}
image() {
    local image="$run/$1.img"
    if [ "$2${4:-}" = nonedata ]; then cp "$work/device.bin" "$image"; fi
    truncate -s "$3" "$image"
    case $2 in
        ext4) mkfs.ext4 -q -F -b 4096 -O inline_data ${4:+-d "$data"} "$image" ;;
        xfs) mkfs.xfs -q -f "$image" ;;
        none) ;;
    esac
    disks=$((disks + 1))
}
# NAME SIZE PATH: a disk as `disk NAME ext4 SIZE data` makes it, on which the middle of the file PATH cannot be read.
broken_disk() {
    image "$1" ext4 "$2" data
    local blocks
    mapfile -t blocks < <(debugfs -R "blocks $3" "$run/$1.img" 2>/dev/null | tr ' ' '\n' | grep .)
    printf '[inject-error]\nevent = "none"\niotype = "read"\nerrno = "5"\nonce = "off"\nsector = "%s"\n' \
        $((blocks[${#blocks[@]} / 2] * 8)) >"$run/$1.blkdebug"
    qemu+=(-drive "if=none,id=$1,driver=raw,file.driver=blkdebug,file.config=$run/$1.blkdebug,file.image.filename=$run/$1.img")
}
device() { qemu+=(-device "$1"); }
# SERIAL OPTIONS...: an accelerator's model, started before QEMU and gone after it. Its trace is $run/SERIAL.trace.
model() {
    local serial=$1 socket=$run/$1.socket
    shift
    "$programs/peerpress-model" --socket "$socket" --serial "$serial" --trace "$run/$serial.trace" --control "$run/$serial.control" \
        --orders-from-guest "$@" >"$run/$serial.log" 2>&1 &
    models+=($!)
    timeout 20 sh -c 'until [ -S "$0" ]; do sleep 0.1; done' "$socket" || cat "$run/$serial.log"
    # Only a later QEMU than the system's speaks to it. A long patience: it would not take a late answer.
    emulator=$work/qemu/qemu-system-x86_64
    device '{"driver":"vfio-user-pci","socket":{"type":"unix","path":"'"$socket"'"},"x-msg-timeout":60000}'
    accelerators=$((accelerators + $(core_count "$@")))
}
core_count() { # OPTIONS...: how many namespaces the model will have
    tr ' ' '\n' <<<"$*" | sed -n '/^--cores$/{n;p}' | tr ',' '\n' | sed 's/.*=//' | awk '{ sum += $1 } END { print sum ? sum : 4 }'
}
pcie_switch() { # ports down1 to down3 below it
    local port
    device pcie-root-port,id=root,chassis=1,slot=1,pref64-reserve=512M
    device x3130-upstream,id=up,bus=root
    for port in 1 2 3; do
        device "xio3130-downstream,id=down$port,bus=up,chassis=2,slot=$port"
    done
}

# The source files: what this machine has of programs and documents, in sizes that end within and at a block.
make_data() {
    rm -rf "$data"
    mkdir -p "$data/tree/below"
    { tar -cf - -C / usr/share/doc usr/lib usr/share/perl 2>/dev/null || true; } | head -c $((32 << 20)) >"$work/device.bin"
    head -c $((8 << 20)) "$work/device.bin" >"$data/data.bin"
    head -c 3000777 "$data/data.bin" | tac >"$data/odd.bin"
    head -c 1 "$data/data.bin" >"$data/one.bin"
    : >"$data/empty.bin"
    head -c 100 "$data/data.bin" >"$data/inline.bin"
    # A MiB of data, two of a hole, one of data. (mkfs.ext4 -d loses a hole at the end.)
    head -c $((1 << 20)) "$data/data.bin" >"$data/sparse.bin"
    head -c $((1 << 20)) "$data/data.bin" | dd of="$data/sparse.bin" bs=1M seek=3 conv=notrunc status=none
    cp "$data/odd.bin" "$data/tree/first"
    cp "$data/data.bin" "$data/tree/below/second"
    # Text that is nowhere else. Neither guest nor command line may name it: what the guest's RAM holds of it came by DMA.
    for name in p2p host; do
        marker "$name" | head -c $((1 << 20)) >"$data/marker-$name.bin"
    done
}
marker() { yes "marker-$1-$(sha256sum <"$work/initramfs.cpio" | head -c 16)" || true; }

# MACHINE CASES...: boots the machine, and leaves its serial line, QEMU's trace and the images in the folder $run.
run_machine() {
    local machine=$1
    shift
    local cpu=EPYC
    local emulator=qemu-system-x86_64
    disks=0 accelerators=0
    qemu=() models=()
    rm -rf "$run"
    mkdir -p "$run"
    # shellcheck source=/dev/null
    . "$here/machines/$machine.sh"
    if [ $disks -gt 0 ]; then # where `mark` leaves its marks
        disk M none 17G
        device nvme,drive=M,serial=M
    fi
    local cases
    cases=$(IFS=,; echo "$*")
    printf 'pci_nvme_%s\n' map_addr read write io_cmd admin_cmd >"$run/events"
    local status=0
    # The guest's RAM is a file, so that it can be searched when the machine is off. One processor: under emulation a
    # second may still run an instruction that the kernel has just patched (a breakpoint that nobody owns any more).
    # And no check whether the timer ticks: on a host that has much to do it seems not to, and the kernel panics.
    timeout --kill-after=5 "$boot_seconds_max" "$emulator" -accel tcg,thread=multi -cpu "$cpu" \
        -machine q35,memory-backend=ram -object "memory-backend-file,id=ram,size=2G,share=on,mem-path=$run/ram" \
        -m 2048 -nographic -no-reboot -nodefaults -serial stdio -trace "events=$run/events,file=$run/trace" \
        -kernel "$work/kernel/vmlinuz" -initrd "$work/initramfs.cpio" \
        -append "console=ttyS0 panic=-1 quiet no_timer_check rig.cases=$cases rig.disks=$((disks + accelerators)) rig.seconds=$case_seconds_max" \
        "${qemu[@]}" </dev/null >"$run/serial" 2>"$run/qemu.err" || status=$?
    # A model ends when QEMU does, unless that never came to connect.
    [ ${#models[@]} -eq 0 ] || kill "${models[@]}" 2>/dev/null || true
    [ ${#models[@]} -eq 0 ] || wait "${models[@]}" || true
    if [ $status -ne 0 ] || ! grep -q '^RIG done' "$run/serial"; then
        echo "machine $machine did not come to its end (QEMU's exit status $status); its last words:"
        tail -n 15 "$run/serial" "$run/qemu.err"
    fi
    grep '^RIG fatal' "$run/serial" || true
}

judge() { # MACHINE CASE
    local log verdict=fail seconds
    log=$(tr -d '\r' <"$run/serial" | sed -n "/^RIG start $2\$/,/^RIG end $2 /p")
    if grep -q "^RIG end $2 pass" <<<"$log"; then
        verdict=pass
        if [ -e "$here/cases/$2.host.sh" ] &&
            ! case=$2 log=$log run=$run data=$data here=$here work=$work bash -euo pipefail -c \
                '. "$here/proof.sh"; . "$here/cases/$case.host.sh"' >"$run/$2.host" 2>&1; then
            verdict=fail
            log+=$'\n'$(cat "$run/$2.host")
        fi
    fi
    seconds=$(sed -n "s/^RIG end $2 [a-z]* //p" <<<"$log" | awk '{ printf "%.1f", $2 - $1 }')
    if [ $verdict = pass ]; then
        passed=$((passed + 1))
        echo "pass $2 ($1, ${seconds} s): $(case_field "$2" about)"
    else
        failed=$((failed + 1))
        echo "FAIL $2 ($1, ${seconds:-?} s): $(case_field "$2" about)"
        echo "$log" | grep -v '^RIG ' | tail -n 40
    fi
}

cases_of() { # MACHINE: those that say `order: last` last
    for name in "${names[@]}"; do
        if [ "$(case_field "$name" machine)" = "$1" ]; then echo "$(case_field "$name" order):$name"; fi
    done | sort | cut -d: -f2
}

build_initramfs
make_data
mapfile -t machines < <(for name in "${names[@]}"; do case_field "$name" machine; done | sort -u)
# All machines at once: one alone does not keep two cores busy.
for machine in "${machines[@]}"; do
    mapfile -t cases < <(cases_of "$machine")
    run=$work/run/$machine
    (
        started=$SECONDS
        run_machine "$machine" "${cases[@]}"
        echo "machine $machine ran ${#cases[@]} case(s) in $((SECONDS - started)) s"
    ) &
done
wait

passed=0 failed=0
for machine in "${machines[@]}"; do
    run=$work/run/$machine
    mapfile -t cases < <(cases_of "$machine")
    for name in "${cases[@]}"; do
        judge "$machine" "$name"
    done
    if complaint=$(grep -a -m 1 -E 'BUG:|Oops|Call Trace|blocked for more than' "$run/serial"); then
        failed=$((failed + 1))
        echo "FAIL the kernel of machine $machine complains, see $run/serial: $complaint"
    fi
    rm -f "$run/ram"
    [ $keep = yes ] || rm -f "$run"/*.img
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
