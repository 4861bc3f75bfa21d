#!/usr/bin/env bash
# examples/demo-p2p.sh: SSD A -> accelerator -> SSD B on a stock Linux kernel, in a virtual machine.
#
# Boots a machine under QEMU with two NVMe SSDs (ext4) and three accelerators (accel/model, each a process on this host), has
# `peerpress compress` make a gzip file of real data on one SSD from a file on the other, and shows which way the bytes
# went: by QEMU's trace of the SSDs' DMA and by the accelerators' own. Then gunzip, on this host, has to give the source.
# Emulation shows the way, not the speed. Takes a few minutes. Installs packages and builds the programs first, unless
# PEERPRESS_BIN names a folder that has them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build() {
    local log=$PWD/build/demo-p2p.log
    mkdir -p build
    packaging/install-packages.sh build vm
    if ! { cmake --preset release -DPEERPRESS_TESTS=OFF && cmake --build --preset release -j "$(nproc)" \
        --target peerpress peerpressd peerpress-model; } >"$log" 2>&1; then
        tail -n 30 "$log"
        echo "The build failed; all of its output is in $log."
        exit 1
    fi
}
if [ -z "${PEERPRESS_BIN:-}" ]; then
    echo "== building"
    build
fi

result=build/vm/demo.txt
rm -f "$result"
echo "== booting the machine, compressing 32 MiB from SSD A to SSD B"
tests/vm/run.sh engine-demo | grep -v '^$'
[ -s "$result" ] || { echo "demo-p2p.sh: the machine did not get so far" >&2; exit 1; }

value() { awk -v key="$1" '$1 == key { print $2 }' "$result"; }
mib() { awk -v bytes="$1" 'BEGIN { printf "%.1f MiB", bytes / 1048576 }'; }
percent() { awk -v part="$1" -v whole="$2" 'BEGIN { printf "%.0f %%", (whole > 0 ? 100 * part / whole : 0) }'; }

echo
echo "== which way the bytes went, as the SSDs' DMA was traced"
printf '%-40s %12s\n' \
    "SSD A -> accelerators' memory" "$(mib "$(value read_p2p)")" \
    "accelerators' memory -> SSD B" "$(mib "$(value written_p2p)")" \
    "SSD A -> the guest's memory" "$(mib "$(value read_host)")" \
    "the guest's memory -> SSD B" "$(mib "$(value written_host)")"
echo "(what goes through the guest's memory is the file systems' own: inodes, bitmaps, journal)"

echo
echo "== the accelerators, as they traced themselves (COMPRESS)"
printf '%-12s %18s %18s %18s %18s\n' "" "read from CMB" "read from RAM" "written to CMB" "written to RAM"
# The first compressions are the cores' tests of themselves, one each.
tested=$(for model in N:3 O:1 P:3; do
    grep '"operation":"compress"' "build/vm/run/noload/${model%:*}.trace" | head -n "${model#*:}"
done | sed 's/.*"bytes":\([0-9]*\),"crc32".*"read":\[{[^}]*"bytes":\([0-9]*\)}.*/\2 \1/' |
    awk '{ read += $1; written += $2 } END { printf "%d %d", read, written }')
awk '$1 ~ /^[NOP]$/ { printf "%-12s %14.1f MiB %14.1f MiB %14.1f MiB %14.1f MiB\n", $1, $2/1048576, $3/1048576, $4/1048576, $5/1048576 }' "$result"
echo "(Of it the cores' tests of themselves, before the job: $(mib "${tested% *}") read, $(mib "${tested#* }") written.)"

read -r started ended < <(awk '$1 == "seconds" { print $2, $3 }' "$result")
ms=$(awk -v a="$started" -v b="$ended" 'BEGIN { printf "%.0f", (b - a) * 1000 }')
read -r all_before idle_before user_before system_before all_after idle_after user_after system_after \
    < <(awk '$1 == "jiffies" { print $2, $3, $4, $5, $6, $7, $8, $9 }' "$result")
per_gb() { awk -v jiffies="$1" -v bytes="$(value bytes)" 'BEGIN { printf "%.2f", jiffies / 100 / (bytes / 1e9) }'; }
# Busy time of the cores by the models' traces: a core carries out one command at a time, its own test first.
cores_ms=$(for model in N:3 O:1 P:3; do
    grep '"operation":"compress"' "build/vm/run/noload/${model%:*}.trace" | tail -n "+$((${model#*:} + 1))"
done | sed 's/.*"start_us":\([0-9]*\),"end_us":\([0-9]*\).*/\1 \2/' | awk '{ sum += $2 - $1 } END { printf "%.0f", sum / 1000 }')
echo
echo "== how the stages overlapped, in $ms ms under emulation"
printf '%-40s %12s\n' \
    "reading (SSD A busy)" "$(percent "$(value reader_busy_ms)" "$ms")" \
    "compressing (7 cores, their sum)" "$(percent "$cores_ms" "$ms")" \
    "writing (SSD B busy)" "$(percent "$(value writer_busy_ms)" "$ms")" \
    "the guest's processor, one, emulated" "$(percent $(((all_after - all_before) - (idle_after - idle_before))) $((all_after - all_before)))"
echo "($(per_gb $((user_after - user_before))) s/GB in programs, $(per_gb $((system_after - system_before))) s/GB in the kernel.)"

echo
echo "== the result: $(mib "$(value bytes)") of data in $(mib "$(value gzip_bytes)") of gzip; gunzip on this host gave the source, byte for byte"
