#!/bin/bash
# What is written about the device model agrees with it: its manual page and docs/model.md name its options, all of them
# and no others.
#   model_documents.sh PEERPRESS_MODEL SOURCE_DIR
set -euo pipefail
program=$1
source=$2
faults=0

compare() { # WHAT EXPECTED ACTUAL
    diff <(echo "$2") <(echo "$3") >/dev/null && return
    printf '%s:\n' "$1"
    diff <(echo "$2") <(echo "$3") || true
    faults=$((faults + 1))
}
options() { grep -oE -- '--[a-z][a-z-]*' | sort -u; }

known=$("$program" --help | options)
compare "options of --help (<) and of the manual page (>)" "$known" "$(sed 's/\\-/-/g' "$source/packaging/man/peerpress-model.1" | options)"
compare "options of --help (<) and of the table in docs/model.md (>)" "$(grep -vx -- --help <<<"$known")" \
    "$(sed -n 's/^| `\(--[^`]*\)`.*/\1/p' "$source/docs/model.md" | options)"
[[ $(wc -l <<<"$known") -gt 5 && $faults -eq 0 ]]
