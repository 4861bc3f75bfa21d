#!/bin/bash
# tests/crash/run.sh [--long] [PART]... [-- OPTION...]
#
# What becomes of files and jobs when the service is killed (kill), when power fails (power), when the disk of its job
# store is full or damaged (store), and of one user when another asks for too much (overload); all of them unless some
# are named. Where it is named, soak has the service work for a minute and looks at its memory and descriptors. Takes a
# build whose programs lie in PEERPRESS_BIN (build/release/bin unless told); all but kill and soak also take root, for
# loop devices, FUSE and mounts, and to be other users.
# Options after -- go to each part; --help there shows what it has, seeds for instance. --long kills 10,000 times, looks
# at 20,000 images and soaks for an hour: hours in all. Prints its figures; the exit status is 77 where a part could not
# be run.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
programs=${PEERPRESS_BIN:-$root/build/release/bin}
parts=()
long=
while [[ $# -gt 0 && $1 != -- ]]; do
    case $1 in
        kill | power | store | overload | soak) parts+=("$1") ;;
        --long) long=1 ;;
        *)
            sed -n '2,11s/^# \{0,1\}//p' "$0"
            exit 2
            ;;
    esac
    shift
done
[[ $# -eq 0 ]] || shift
[[ ${#parts[@]} -gt 0 ]] || parts=(kill power store overload)

long_options() {
    [[ -n $long ]] || return
    case $1 in
        kill) echo --random 10000 --each 30 ;;
        power) echo --images 20000 --served 2000 --control-images 500 ;;
        store) echo --damaged 2000 --queued 500000 ;;
        overload) echo --submits 100000 --cancels 5000 --seconds 120 ;;
        soak) echo --seconds 3600 --lives 6 --control-seconds 60 ;;
    esac
}

# What a part needs and this machine does not have.
missing_for() {
    [[ $1 == kill || $1 == soak ]] && return
    [[ $(id -u) -eq 0 ]] || { echo "root"; return; }
    [[ $1 == overload ]] && return
    unshare -m true 2>/dev/null || { echo "the right to mount"; return; }
    [[ $1 == store ]] && return
    [[ -w /dev/fuse ]] || { echo "/dev/fuse"; return; }
    [[ -w /dev/loop-control ]] || echo "/dev/loop-control"
}

stubs=$(mktemp -d)
trap 'rm -rf "$stubs"' EXIT
chmod 755 "$stubs" # clients of other users read them
"$root/examples/python/stubs.sh" "$stubs" || exit 2
# Debian's own python, which has its grpc module. Fork support would have gRPC complain at each start of a program.
export PYTHONPATH=$stubs PYTHONDONTWRITEBYTECODE=1 GRPC_ENABLE_FORK_SUPPORT=0
PATH=$PATH:/usr/sbin:/sbin # mkfs
status=0
for part in "${parts[@]}"; do
    missing=$(missing_for "$part")
    if [[ -n $missing ]]; then
        echo "$part: not run, it takes $missing"
        [[ $status -ne 0 ]] || status=77
        continue
    fi
    # shellcheck disable=SC2046  # words
    /usr/bin/python3 "$here/${part}_campaign.py" --programs "$programs" $(long_options "$part") "$@" || status=1
done
exit "$status"
