#!/bin/bash
# The main job on this machine, from nothing: installs packages, builds, starts a server, compresses a few
# hundred MB of real data through it, checks the result, compares with gzip and pigz, and stops the server.
#   examples/demo.sh [FILE]     FILE instead of a tar of /usr
set -euo pipefail
export LC_ALL=C

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
file=${1:+$(realpath -e -- "$1")}
cd "$root"
programs=build/release/bin
log=$root/build/demo.log
tar_bytes_max=600000000
server=
child=
work=
home=

tidy_up() {
    local status=$?
    trap '' INT TERM
    if [[ -n $child ]]; then
        kill -TERM -- "-$child" 2>/dev/null || true
        wait "$child" || true
    fi
    stop_server
    [[ -z $work ]] || rm -rf "$work"
    [[ -z $home ]] || rm -rf "$home"
    exit "$status"
}
trap tidy_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

step() { printf '\n== %s\n' "$*"; }

# In the background and waited for, so that a signal ends it at once; in a process group of its own, so that all that
# it started ends with it.
run() {
    local status=0
    set -m
    "$@" &
    child=$!
    set +m
    wait "$child" || status=$?
    child=
    return "$status"
}

build() {
    local started=$SECONDS
    mkdir -p "$root/build/demo"
    if ! run cmake --preset release -DPEERPRESS_TESTS=OFF >"$log" 2>&1 ||
        ! run cmake --build --preset release -j "$(nproc)" --target peerpress peerpressd >>"$log" 2>&1; then
        tail -n 30 "$log"
        echo "The build failed; all of its output is in $log."
        return 1
    fi
    echo "$programs/peerpressd and $programs/peerpress, in $((SECONDS - started)) s"
}

# The data, what they compress to, and two copies that are unpacked from that.
check_space() {
    local bytes=${file:+$(stat -L -c %s "$file")} free
    free=$(df --output=avail -B1 "$work" | tail -n 1)
    if [[ $free -lt $((${bytes:-$tar_bytes_max} * 4)) ]]; then
        echo "not enough room: $root/build/demo needs $((${bytes:-$tar_bytes_max} * 4)) bytes and has $free"
        return 1
    fi
}

make_data() {
    data=$work/data
    check_space
    if [[ -n $file ]]; then
        data=$file
    else
        # What this user may not read is left out, and head ends the tar where it is long enough.
        run bash -c 'tar -C / -cf - usr 2>/dev/null | head -c "$1" >"$2"' - "$tar_bytes_max" "$data"
        sync "$data"
        echo "a tar of /usr, cut where it is long enough"
    fi
    data_bytes=$(stat -L -c %s "$data")
    echo "$data: $data_bytes bytes"
}

start_server() {
    # Not below $work: a socket's path has room for 107 bytes only.
    home=$(mktemp -d)
    cat >"$home/config.toml" <<EOF
[listen]
unix = "$home/socket"
[state]
directory = "$home/state"
[log]
level = "warning"
EOF
    "$programs/peerpressd" --config "$home/config.toml" >>"$log" 2>&1 &
    server=$!
    export PEERPRESS_SERVER=unix:$home/socket
    local tries=0
    until "$programs/peerpress" server-info >/dev/null 2>"$work/errors"; do
        if ! kill -0 "$server" 2>/dev/null || [[ $((tries += 1)) -gt 100 ]]; then
            cat "$work/errors"
            tail -n 3 "$log"
            return 1
        fi
        sleep 0.1
    done
    echo "peerpressd, pid $server, on $PEERPRESS_SERVER"
}

stop_server() {
    [[ -n $server ]] || return 0
    kill "$server" 2>/dev/null || true
    wait "$server" || true
    server=
}

# User and system time of the server so far; programs that ended are counted by `time`.
server_ticks() {
    local -a fields
    read -r -a fields < <(sed 's/.*) //' "/proc/$server/stat")
    echo $((fields[11] + fields[12]))
}

# measure NAME OUTPUT COMMAND...   A row of the table; the run ends when OUTPUT is on disk.
measure() {
    local name=$1 output=$2 ticks seconds user system
    shift 2
    ticks=$(server_ticks)
    local TIMEFORMAT='%R %U %S'
    { time { "$@" && sync "$output"; } 2>"$work/errors"; } 2>"$work/time" || { cat "$work/errors"; return 1; }
    ticks=$(($(server_ticks) - ticks))
    read -r seconds user system <"$work/time"
    awk -v name="$name" -v data="$data_bytes" -v output="$(stat -c %s "$output")" -v seconds="$seconds" \
        -v user="$user" -v sys="$system" -v ticks="$ticks" -v hertz="$(getconf CLK_TCK)" 'BEGIN {
            rate = data / 1e6 / seconds
            printf "%-30s %8.2f %8.0f %8.2f", name, seconds, rate, user + sys + ticks / hertz
            if (output != data) printf " %8.3f", data / output
            printf "\n"
        }' | tee -a "$work/table"
}

rate_of() { awk -v name="$1" 'index($0, name) == 1 { print substr($0, 40, 9) + 0 }' "$work/table"; }

to_file() { "${@:2}" >"$1"; }

step "Packages"
packaging/install-packages.sh build demo
echo "all there"

step "Build"
build
work=$(mktemp -d "$root/build/demo/XXXXXX")

step "Data"
make_data

step "Server"
start_server
threads=$(nproc)

step "Compress, level 1"
printf '%-30s %8s %8s %8s %8s\n' '' seconds MB/s 'CPU s' ratio
measure "peerpress, through the server" "$work/data.gz" \
    "$programs/peerpress" compress --quiet -1 -o "$work/data.gz" "$data"
measure "pigz -1 -p$threads" "$work/pigz.gz" to_file "$work/pigz.gz" pigz -1 -p "$threads" -c "$data"
rm "$work/pigz.gz"
measure "gzip -1" "$work/gzip.gz" to_file "$work/gzip.gz" gzip -1 -c "$data"
rm "$work/gzip.gz"

step "Check"
gunzip -t "$work/data.gz"
echo "gunzip -t takes it"
measure "decompress through the server" "$work/again" \
    "$programs/peerpress" decompress --quiet -o "$work/again" "$work/data.gz"
measure "gunzip" "$work/gunzip" to_file "$work/gunzip" gunzip -c "$work/data.gz"
cmp "$work/again" "$data"
cmp "$work/gunzip" "$data"
echo "both give back the data, byte for byte"

step "Stop"
stop_server
echo "the server has stopped"

awk -v ours="$(rate_of 'peerpress, through')" -v pigz="$(rate_of pigz)" -v gzip="$(rate_of 'gzip -1')" 'BEGIN {
    printf "\nCompressed at %d MB/s: %.1f times pigz -1, %.1f times gzip -1.\n", ours, ours / pigz, ours / gzip }'
