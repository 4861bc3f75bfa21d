#!/bin/bash
# The Python examples do against a real server what docs/api.md says of them.
#   python_examples.sh BIN_DIR SOURCE_DIR
set -euo pipefail
bin=$1
source=$2
work=$(mktemp -d)
server=
tidy_up() {
    [[ -z $server ]] || kill "$server" 2>/dev/null || true
    [[ -z $server ]] || wait "$server" || true
    rm -rf "$work"
}
trap tidy_up EXIT

# Debian's own, which has its grpc module.
python=/usr/bin/python3
export PYTHONPATH=$work/stubs
"$source/examples/python/stubs.sh" "$work/stubs"

start_server() {
    "$bin/peerpressd" --config /dev/null --socket "$work/socket" --state-dir "$work/state" --log-level warning &
    server=$!
    local tries=0
    until "$bin/peerpress" server-info --server "unix:$work/socket" >/dev/null 2>&1; do
        [[ $((tries += 1)) -le 100 ]] || { echo "the server does not answer"; exit 1; }
        sleep 0.1
    done
}
start_server

mkdir -p "$work/tree/below" "$work/out"
head -c 3000000 /dev/urandom | base64 >"$work/tree/large"
echo hello >"$work/tree/below/small"
"$python" "$source/examples/python/run_job.py" "unix:$work/socket" "$work/tree" "$work/out" >"$work/said"
grep -q 'JOB_STATE_SUCCEEDED, 2 of 2 files' "$work/said"
grep -q "^$work/tree/below/small: 6 -> " "$work/said"
while read -r name; do
    gunzip -c "$(find "$work/out" -name "$(basename "$name").gz")" | cmp - "$name"
done < <(find "$work/tree" -type f)

# A second run finds the outputs there: each file has its reason, and none is replaced.
"$python" "$source/examples/python/run_job.py" "unix:$work/socket" "$work/tree" "$work/out" >"$work/said" || true
cat "$work/said"
[[ $(grep -c OUTPUT_EXISTS "$work/said") -eq 2 ]]

transform() { "$python" "$source/examples/python/transform.py" "unix:$work/socket" "$1"; }
transform compress <"$work/tree/large" >"$work/large.gz"
gunzip -c "$work/large.gz" | cmp - "$work/tree/large"
transform decompress <"$work/large.gz" | cmp - "$work/tree/large"
head -c 1000 "$work/large.gz" >"$work/cut.gz"
if transform decompress <"$work/cut.gz" >/dev/null 2>"$work/said"; then
    echo "a truncated file was taken"
    exit 1
fi
cat "$work/said"
grep -q '^transform: .*end' "$work/said"
