#!/bin/bash
# Measures Peerpress against other gzip tools in one run, on one file.  --help tells the options.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root"
packaging/install-packages.sh build bench >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { cmake --preset release -DPEERPRESS_TESTS=OFF && cmake --build --preset release -j "$(nproc)" --target peerpress peerpressd grpc_bench; } >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    exit 1
fi
python3 tests/bench/bench.py --bin build/release/bin --dir build/bench "$@"
