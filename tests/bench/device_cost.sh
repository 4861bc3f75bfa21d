#!/bin/bash
# tests/bench/device_cost.sh [--dir DIR] [--json]
#
# What driving an accelerator costs the host: user-space instructions and system calls for each chunk of 480 KiB, with one
# chunk in flight and with 24, and what verification by another core adds. By a whole job, on files in DIR (build/bench),
# with a device that costs nothing: see device_cost.cpp. Counted outside the program, by callgrind and strace, as the
# difference between a long job and a short one, so that starting and ending are not in it.
#
# In it: job, pipeline, engine, ring, allocator and libraries, of all threads. Not in it: the kernel's own instructions,
# and a server's calls about the job (its progress is looked at so many times a second, whatever the chunks).
# Ends with exit code 1 where a target is missed.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
dir=$root/build/bench
json=no
while [ $# -gt 0 ]; do
    case $1 in
        --dir) dir=$2 && shift ;;
        --json) json=yes ;;
        -h | --help) sed -n '2,/^set/{/^set/!s/^# \{0,1\}//p;}' "$0" && exit 0 ;;
        *) echo "device_cost.sh: unknown option '$1' (--help)" >&2 && exit 1 ;;
    esac
    shift
done
cd "$root"
program=${PEERPRESS_BIN:-$root/build/release/bin}/device_cost
if [ -z "${PEERPRESS_BIN:-}" ]; then
    packaging/install-packages.sh build bench >&2
    log=$(mktemp)
    if ! { cmake --preset release -DPEERPRESS_TESTS=OFF && cmake --build --preset release -j "$(nproc)" --target device_cost; } >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        exit 1
    fi
    rm -f "$log"
fi
mkdir -p "$dir"
work=$(mktemp -d "$dir/device-cost.XXXXXX")
trap 'rm -rf "$work"' EXIT

short=200 long=600
for chunks in $short $long; do "$program" --dir "$work" --prepare --chunks "$chunks"; done

per_chunk() { awk -v a="$1" -v b="$2" -v n=$((long - short)) 'BEGIN { printf "%.2f", (b - a) / n }'; }
instructions() { # OPTIONS...
    local counts=() chunks
    for chunks in $short $long; do
        valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" --under-valgrind --dir "$work" --chunks "$chunks" "$@" \
            >/dev/null 2>"$work/callgrind"
        counts+=("$(sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$work/callgrind")")
    done
    per_chunk "${counts[@]}"
}
calls() { # OPTIONS...
    local counts=() chunks
    for chunks in $short $long; do
        strace -f -c -o "$work/strace" "$program" --dir "$work" --chunks "$chunks" "$@" >/dev/null
        counts+=("$(awk '$NF == "total" { print $4 }' "$work/strace")")
    done
    per_chunk "${counts[@]}"
}
# Of the fastest of five runs: milliseconds for a chunk, and CPU seconds per GB.
times() { # OPTIONS...
    for _ in 1 2 3 4 5; do
        "$program" --dir "$work" --chunks $long "$@" | tr '\n' ' ' && echo
    done | sort -n -k 4 | head -n 1 | awk '{ gb = $2 * 491520 / 1e9; printf "%.3f %.3f %.3f %.2f\n", 1000 * $4 / $2, $6 / gb, $8 / gb, $12 / $2 }'
}

one=$(instructions --in-flight 1)
many=$(instructions --in-flight 24)
checked=$(instructions --in-flight 24 --checked)
one_calls=$(calls --in-flight 1)
many_calls=$(calls --in-flight 24)
read -r one_ms one_user one_system _ < <(times --in-flight 1)
read -r one_ms_at_once _ < <(times --in-flight 1 --no-delay)
read -r many_ms many_user many_system many_waits < <(times --in-flight 24)
read -r many_ms_at_once _ _ many_waits_at_once < <(times --in-flight 24 --no-delay)
verification=$(awk -v a="$many" -v b="$checked" 'BEGIN { printf "%.0f", b - a }')

missed=0
target() { # WHAT GOT CEILING
    local verdict=held
    if awk -v got="$2" -v most="$3" 'BEGIN { exit !(got > most) }'; then
        verdict=MISSED
        missed=1
    fi
    [ $json = yes ] || printf '%-52s %10s, at most %6s: %s\n' "$1" "$2" "$3" "$verdict"
}
if [ $json = yes ]; then
    printf '{"instructions_per_chunk":{"one":%s,"many":%s,"verification":%s},"system_calls_per_chunk":{"one":%s,"many":%s},' \
        "$one" "$many" "$verification" "$one_calls" "$many_calls"
    printf '"chunk_ms":{"one":%s,"one_at_once":%s,"many":%s,"many_at_once":%s},' "$one_ms" "$one_ms_at_once" "$many_ms" "$many_ms_at_once"
    printf '"cpu_seconds_per_gb":{"one_user":%s,"one_system":%s,"many_user":%s,"many_system":%s}}\n' \
        "$one_user" "$one_system" "$many_user" "$many_system"
else
    cat <<END
for each chunk of 480 KiB             one in flight   24 in flight
user-space instructions          $(printf '%18s %14s' "$one" "$many")
  verification by a core, besides$(printf '%33s' "$verification")
system calls                     $(printf '%18s %14s' "$one_calls" "$many_calls")
milliseconds                     $(printf '%18s %14s' "$one_ms" "$many_ms")
  without waiting for several    $(printf '%18s %14s' "$one_ms_at_once" "$many_ms_at_once")
waits and submissions, 24 in flight: $many_waits, and $many_waits_at_once without waiting for several
CPU s/GB, user + system: $one_user + $one_system with one in flight, $many_user + $many_system with 24

END
fi
target "instructions per chunk, one in flight" "$one" 15000
target "instructions per chunk, 24 in flight" "$many" 15000
target "system calls per chunk, one in flight" "$one_calls" 6
target "system calls per chunk, 24 in flight" "$many_calls" 1.5
exit $missed
