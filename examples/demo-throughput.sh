#!/bin/sh
# examples/demo-throughput.sh --source DIR --target DIR [--device DEVICE]... [--seconds N] [--json]
#
# How fast this server moves and compresses the files below one folder to another, and what that takes of its
# processors: by copies from SSD to SSD, through a device's memory and through the host's, by software, and by
# accelerators. Each way is gone again and again for at least N seconds (10), and at least once; so name a folder with files that take
# some seconds, each of some MB at least. Reads --source, writes below a folder of its own in --target, and removes
# that in the end. `peerpress doctor` is asked first.
#
#   --device DEVICE   only these devices' memory and cores, by PCI address or serial number; all unless told
#   --json            a JSON line for each way, and one for the machine, on standard output; text goes to standard error
#
# DRAM traffic is read from the memory controllers' counters (perf, as root, on processors whose counters Linux knows).
# Run it as root: devices' memory and commands are root's unless somebody changed that. PATH or PEERPRESS_BIN has peerpress.
set -eu
export LC_ALL=C

source='' target='' devices='' seconds=10 json=no
work='' counting=''

usage() { sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p;}' "$0"; }
fail() {
    echo "demo-throughput.sh: $*" >&2
    exit 1
}
while [ $# -gt 0 ]; do
    case $1 in
        --source | --target | --device | --seconds) [ $# -gt 1 ] || fail "$1 needs a value" ;;
    esac
    case $1 in
        --source) source=$2 && shift ;;
        --target) target=$2 && shift ;;
        --device) devices=$devices${devices:+,}$2 && shift ;;
        --seconds) seconds=$2 && shift ;;
        --json) json=yes ;;
        -h | --help) usage && exit 0 ;;
        *) fail "unknown option '$1' (--help)" ;;
    esac
    shift
done
if [ -z "$source" ] || [ -z "$target" ]; then fail "name --source DIR and --target DIR (--help)"; fi
[ -d "$source" ] || fail "--source: $source is not a folder"
if [ ! -d "$target" ] || [ ! -w "$target" ]; then fail "--target: $target is not a folder that can be written to"; fi
case $seconds in '' | *[!0-9]*) fail "--seconds: '$seconds' is no number of seconds" ;; esac
[ -z "${PEERPRESS_BIN:-}" ] || PATH=$PEERPRESS_BIN:$PATH
command -v peerpress >/dev/null || fail "there is no peerpress on PATH; build it, or name its folder in PEERPRESS_BIN"
first=$(find "$source" -type f -size +0 | sort | head -n 1)
[ -n "$first" ] || fail "--source: there is no file with data below $source"

say() { if [ $json = yes ]; then echo "$*" >&2; else echo "$*"; fi; }
tidy_up() {
    status=$?
    trap '' INT TERM
    [ -z "$counting" ] || kill -INT "$counting" 2>/dev/null || true
    [ -z "$work" ] || rm -rf "$work"
    exit $status
}
trap tidy_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
work=$(mktemp -d "$target/peerpress-demo.XXXXXX")

say "== doctor"
doctor=0
peerpress doctor >"$work/doctor" || doctor=$?
if [ $json = yes ]; then cat "$work/doctor" >&2; else cat "$work/doctor"; fi
[ $doctor -eq 0 ] || say "(What it found lacking shows below as bytes that went another way.)"

# Events of the memory controllers that count what was read and written; none where perf or the counters are not there.
dram_events() {
    command -v perf >/dev/null || return 0
    set -- /sys/bus/event_source/devices/uncore_imc_*/events/cas_count_read
    if [ -e "$1" ]; then
        echo "uncore_imc/cas_count_read/ uncore_imc/cas_count_write/"
        return 0
    fi
    set -- /sys/bus/event_source/devices/amd_umc_*
    [ ! -e "$1" ] || echo "amd_umc/event=0xa,rdwrmask=0x1/ amd_umc/event=0xa,rdwrmask=0x2/"
}
dram_reason=''
events=$(dram_events)
if [ -z "$events" ]; then
    dram_reason="this machine shows no counters of its memory controllers"
    command -v perf >/dev/null || dram_reason="there is no perf"
else
    # shellcheck disable=SC2046 # one word for each event
    perf stat -a -x, -o "$work/dram" $(for event in $events; do printf '%s ' -e "$event"; done) true 2>/dev/null ||
        dram_reason="perf may not read the memory controllers' counters (be root, or lower kernel.perf_event_paranoid)"
fi
start_counting() {
    [ -z "$dram_reason" ] || return 0
    # shellcheck disable=SC2046
    perf stat -a -x, -o "$work/dram" $(for event in $events; do printf '%s ' -e "$event"; done) sleep 1000000 &
    counting=$!
}
stop_counting() { # prints bytes, or nothing
    [ -n "$counting" ] || return 0
    kill -INT "$counting"
    wait "$counting" || true
    counting=
    # Some count in MiB, and say so; others in cache lines.
    awk -F, '$1 ~ /^[0-9.]+$/ { sum += $1 * ($2 == "MiB" ? 1048576 : 64) } END { printf("%.0f", sum) }' "$work/dram"
}

now() { cut -d' ' -f1 /proc/uptime; }
# Jiffies of all processors: in programs, in the kernel, idle.
jiffies() { awk '/^cpu / { print $2 + $3, $4 + $7 + $8, $5 + $6; exit }' /proc/stat; }
more_than() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a > b) }'; }

# NAME WHAT: a way, gone until time is up.
phase() {
    name=$1 what=$2
    report=$work/$name.report
    : >"$report"
    : >"$work/times"
    began=$(now)
    while :; do
        rm -rf "${work:?}/$name"
        mkdir "$work/$name"
        before="$(jiffies) $(now)"
        start_counting
        status=0
        run_pass "$name" "$work/$name" >"$work/pass" 2>"$work/errors" || status=$?
        dram=$(stop_counting)
        echo "$before $(jiffies) $(now) ${dram:-0}" >>"$work/times"
        if [ $status -ne 0 ]; then
            cat "$work/errors" >&2
            grep -h '"error":{' "$work/pass" | head -n 3 >&2 || true
            fail "$what ended with exit code $status"
        fi
        grep '"type":"summary"' "$work/pass" >>"$report"
        more_than "$seconds" "$(awk -v a="$began" -v b="$(now)" 'BEGIN { print b - a }')" || break
    done
    tell
}

run_pass() { # NAME OUT
    case $1 in
        copy) peerpress copy -r --no-server --json ${devices:+--via "$devices"} "$source" "$2/" ;;
        copy-host) peerpress copy -r --no-server --json --via host "$source" "$2/" ;;
        software) peerpress compress -r --no-server --json --verify off --engine software --output-dir "$2" "$source" ;;
        device) peerpress compress -r --no-server --json --verify off --engine noload ${devices:+--via "$devices"} \
            --output-dir "$2" "$source" ;;
    esac
}

# What the passes of a way came to. Ways are told apart by path and device.
tell() {
    grep -o '"paths":\[[^]]*\]' "$report" | grep -o '{"path":[^}]*}' |
        sed 's/{"path":"\([^"]*\)","bytes":\([0-9]*\),"device":"\([^"]*\)".*/\2 \1 \3/' |
        awk '{ bytes = $1; sub(/^[0-9]+ /, ""); sum[$0] += bytes } END { for (way in sum) printf "%.0f %s\n", sum[way], way }' |
        sort -rn >"$work/ways"
    processed=$(grep -o '"bytes_in":[0-9]*' "$report" | awk -F: '{ sum += $2 } END { printf "%.0f", sum }')
    written=$(grep -o '"bytes_out":[0-9]*' "$report" | awk -F: '{ sum += $2 } END { printf "%.0f", sum }')
    figures=$(awk -v bytes="$processed" -v tick="$(getconf CLK_TCK 2>/dev/null || echo 100)" '
        { user += $5 - $1; kernel += $6 - $2; idle += $7 - $3; took += $8 - $4; dram += $9 }
        END {
            gb = bytes / 1e9; all = user + kernel + idle
            printf("%d %.2f %.3f %.2f %.3f %.3f %.2f", NR, took, took > 0 ? gb / took : 0,
                all > 0 ? 100 * (user + kernel) / all : 0, gb > 0 ? user / tick / gb : 0,
                gb > 0 ? kernel / tick / gb : 0, bytes > 0 ? dram / bytes : 0)
        }' "$work/times")
    # shellcheck disable=SC2086
    set -- $figures
    passes=$1 took=$2 rate=$3 busy=$4 user=$5 system=$6 dram=$7
    if [ $json = yes ]; then
        ways=$(awk -v took="$took" '{ bytes = $1; path = $2; sub(/^[0-9]+ [^ ]+ /, "")
            printf("%s{\"path\":\"%s\",\"device\":\"%s\",\"bytes\":%.0f,\"gb_per_second\":%.3f}", NR > 1 ? "," : "", path, $0,
                bytes, took > 0 ? bytes / 1e9 / took : 0) }' "$work/ways")
        printf '{"type":"way","name":"%s","passes":%d,"seconds":%.2f,"bytes_in":%s,"bytes_out":%s,"gb_per_second":%s,' \
            "$name" "$passes" "$took" "$processed" "$written" "$rate"
        printf '"cpu_percent":%s,"user_seconds_per_gb":%s,"system_seconds_per_gb":%s,"dram_bytes_per_byte":%s,"paths":[%s]}\n' \
            "$busy" "$user" "$system" "$(if [ -n "$dram_reason" ]; then echo null; else echo "$dram"; fi)" "$ways"
        return
    fi
    printf '%-46s %8.3f GB/s  %6.2f %% of the processors, %s + %s CPU s/GB (user + system)' \
        "$what" "$rate" "$busy" "$user" "$system"
    [ -n "$dram_reason" ] || printf ', %s bytes of DRAM traffic per byte' "$dram"
    echo
    awk -v took="$took" '{ bytes = $1; path = $2; sub(/^[0-9]+ [^ ]+ /, "")
        printf("    %-42s %8.3f GB/s  %.0f bytes\n", path " " $0, took > 0 ? bytes / 1e9 / took : 0, bytes) }' "$work/ways"
}

say ""
say "== $seconds s of each, from $source to $target"
phase copy-host "copies through host memory"
phase copy "copies from peer to peer, where that can be"
phase software "compression by software, level 1"
if peerpress devices --json 2>/dev/null | grep -q '"type":"accelerator"'; then
    phase device "compression by accelerators"
    packed=$work/device/$(basename "$source")/${first#"$source"/}.gz
    [ -e "$packed" ] || packed=$(find "$work/device" -name "$(basename "$first").gz" | head -n 1)
    gzip -dc "$packed" | cmp - "$first" || fail "gzip does not make $first of what an accelerator made of it"
    say "(gzip makes $first of what was made of it last, byte for byte.)"
else
    say "compression by accelerators: there is none"
fi
[ -z "$dram_reason" ] || say "DRAM traffic was not measured: $dram_reason."
if [ $json = yes ]; then
    printf '{"type":"machine","processors":%s,"kernel":"%s","dram_reason":"%s","doctor_exit_code":%d}\n' \
        "$(grep -c '^processor' /proc/cpuinfo)" "$(uname -r)" "$dram_reason" "$doctor"
fi
