#!/usr/bin/env bash
# tests/vm/run.sh [--list] [--keep] [CASE...]
#
# Boots a stock Linux kernel with NVMe disks and controller memory buffers under QEMU's software emulation, and runs
# the cases inside. A case is tests/vm/cases/NAME.sh (in the guest) and, where it has one, NAME.host.sh (on the host,
# after the machine is off, over the disks' images and QEMU's trace). Machines are tests/vm/machines/*.sh; one boot
# serves all cases of its machine. Ends with "N passed, N failed".
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
preset=${PEERPRESS_PRESET:-release}
work=$root/build/vm
boot_seconds_max=${PEERPRESS_VM_SECONDS:-420}
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
            sed -n '2,7s/^# \{0,1\}//p' "$0"
            exit 0
            ;;
        -*)
            echo "run.sh: unknown option $argument (--list, --keep, --help)" >&2
            exit 1
            ;;
        *)
            if [ ! -e "$here/cases/$argument.sh" ]; then
                echo "run.sh: no case named $argument; --list shows them" >&2
                exit 1
            fi
            names+=("$argument")
            ;;
    esac
done
[ ${#names[@]} -gt 0 ] || mapfile -t names < <(all_cases)

mkdir -p "$work"
"$here/fetch-kernel.sh" "$work/kernel"
echo "kernel $(cat "$work/kernel/release"), $(qemu-system-x86_64 --version | head -n 1)"

# Copies a program and the libraries it names into the initramfs.
add_program() {
    local program=$1
    install -D "$program" "$work/initramfs/bin/$(basename "$program")"
    { ldd "$program" 2>/dev/null || true; } | { grep -o '/[^ ]*' || true; } | while read -r library; do
        local at="$work/initramfs/lib/$(basename "$library")"
        case $library in */ld-linux*) at="$work/initramfs$library" ;; esac
        [ -e "$at" ] || install -D "$library" "$at"
    done
}

build_initramfs() {
    rm -rf "$work/initramfs"
    mkdir -p "$work/initramfs"/{bin,sbin,lib,lib64,etc,root,rig}
    add_program "$(command -v busybox)"
    for applet in $(busybox --list | grep -v '^busybox$'); do
        ln -sf busybox "$work/initramfs/bin/$applet"
    done
    for program in "$root/build/$preset"/bin/peerpress "$root/build/$preset"/bin/peerpressd \
        "$(command -v fio || true)" "$(command -v nvme || true)"; do
        if [ -x "$program" ]; then add_program "$program"; fi
    done
    cp "$work/kernel/release" "$work/initramfs/etc/release"
    cp -r "$work/kernel/modules" "$work/initramfs/modules"
    cp "$work/kernel/modules.order" "$work/initramfs/modules/"
    cp -r "$here/guest/lib.sh" "$here/cases" "$work/initramfs/rig/"
    printf 'root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/tmp:/bin/sh\n' >"$work/initramfs/etc/passwd"
    printf 'root:x:0:\nuser:x:1000:\n' >"$work/initramfs/etc/group"
    install -m 755 "$here/guest/init" "$work/initramfs/init"
    (cd "$work/initramfs" && find . | cpio -o -H newc --quiet) >"$work/initramfs.cpio"
}

# The words a machine file is written in.
disk() { # NAME ext4|xfs|none SIZE [data]: an image of its own; `data` puts the test's source files into it
    local image="$run/$1.img"
    truncate -s "$3" "$image"
    case $2 in
        ext4) mkfs.ext4 -q -F -b 4096 ${4:+-d "$work/data"} "$image" ;;
        xfs) mkfs.xfs -q -f "$image" ;;
        none) ;;
    esac
    qemu+=(-drive "file=$image,if=none,id=$1,format=raw,cache=writeback")
    disks=$((disks + 1))
}
device() { qemu+=(-device "$1"); }

# Real data for the sources: what this machine has of programs and documents, and a marker that tests look for.
make_data() {
    [ -s "$work/data/data.bin" ] && return
    mkdir -p "$work/data"
    { tar -cf - -C / usr/share/doc usr/lib/git-core usr/share/perl 2>/dev/null || true; } | head -c 67108864 >"$work/data/data.bin"
}

run_machine() { # NAME CASES...
    local machine=$1
    shift
    local cpu=EPYC
    run=$work/run/$machine
    disks=0
    qemu=()
    rm -rf "$run"
    mkdir -p "$run"
    # shellcheck source=/dev/null
    . "$here/machines/$machine.sh"
    local cases
    cases=$(IFS=,; echo "$*")
    printf 'pci_nvme_map_addr\npci_nvme_map_addr_cmb\npci_nvme_read\npci_nvme_write\n' >"$run/events"
    local status=0
    timeout --kill-after=5 "$boot_seconds_max" qemu-system-x86_64 -accel tcg,thread=multi -cpu "$cpu" -machine q35 \
        -m 2048 -smp 2 -nographic -no-reboot -nodefaults -serial stdio -trace "events=$run/events,file=$run/trace" \
        -kernel "$work/kernel/vmlinuz" -initrd "$work/initramfs.cpio" \
        -append "console=ttyS0 panic=-1 quiet rig.cases=$cases rig.disks=$disks" "${qemu[@]}" \
        </dev/null >"$run/serial" 2>"$run/qemu.err" || status=$?
    if [ $status -ne 0 ] || ! grep -q '^RIG done' "$run/serial"; then
        echo "machine $machine did not come to its end (QEMU's exit status $status); its last words:"
        tail -n 15 "$run/serial" "$run/qemu.err"
    fi
    for name in "$@"; do
        judge "$machine" "$name"
    done
}

judge() { # MACHINE CASE
    local log verdict=fail
    log=$(tr -d '\r' <"$run/serial" | sed -n "/^RIG start $2\$/,/^RIG end $2 /p")
    if grep -q "^RIG end $2 pass" <<<"$log"; then
        verdict=pass
        if [ -e "$here/cases/$2.host.sh" ] && ! run="$run" bash -e "$here/cases/$2.host.sh" >"$run/$2.host" 2>&1; then
            verdict=fail
            log+=$'\n'$(cat "$run/$2.host")
        fi
    fi
    if [ $verdict = pass ]; then
        passed=$((passed + 1))
        echo "pass $2 ($1): $(case_field "$2" about)"
    else
        failed=$((failed + 1))
        echo "FAIL $2 ($1): $(case_field "$2" about)"
        echo "$log" | grep -v '^RIG ' | tail -n 40
    fi
}

passed=0 failed=0
build_initramfs
make_data
for machine in $(for name in "${names[@]}"; do case_field "$name" machine; done | sort -u); do
    mapfile -t cases < <(for name in "${names[@]}"; do
        if [ "$(case_field "$name" machine)" = "$machine" ]; then echo "$name"; fi
    done)
    started=$SECONDS
    run_machine "$machine" "${cases[@]}"
    echo "machine $machine: $((SECONDS - started)) s"
    [ $keep = yes ] || rm -f "$run"/*.img
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
