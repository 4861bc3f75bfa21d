#!/bin/bash
# What is written about the daemon agrees with it: its manual page names its options, all of them and no others; the
# example of its configuration, and the table in docs/configuration.md, have every key with its default.
#   daemon_documents.sh PEERPRESSD SOURCE_DIR
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

# As root has it, and without what the caller's environment sets.
configured() { # CONFIG_FILE OPTION...
    env -i "$program" --config "$1" --set listen.unix=/run/peerpress/peerpressd.sock \
        --set state.directory=/var/lib/peerpress --set security.audit=all "${@:2}"
}
# Of whoever is not root these are not the defaults, and then stand without a '#'.
commented() { sed -E 's/^(unix|directory|audit) = /# &/'; }

options() { grep -oE -- '--[a-z][a-z-]*' | sort -u; }
compare "options of --help (<) and of the manual page (>)" \
    "$(configured /dev/null --help | options)" "$(sed 's/\\-/-/g' "$source/packaging/man/peerpressd.8" | options)"

example=$source/packaging/peerpressd.toml
compare "--print-config (<) and packaging/peerpressd.toml below its heading (>)" \
    "$(configured /dev/null --print-config | commented)" "$(sed '1,/^$/d' "$example")"
configured "$example" --check-config

# KEY DEFAULT, a line each. The table's words stand for defaults that depend on the caller, and for none.
defaults() {
    configured /dev/null --print-config | commented |
        awk '/^\[/ { section = substr($0, 2, length($0) - 2) }
             match($0, /^# [a-z_]+ = /) { sub(/^# /, ""); sub(/ = /, " "); gsub(/"/, ""); print section "." $0 }'
}
table() {
    awk -F ' *[|] *' '/^[|] `/ { gsub(/`/, ""); sub(/^root: /, "", $3); sub(/;.*/, "", $3); sub(/^empty$/, "", $3); print $2 " " $3 }' \
        "$source/docs/configuration.md"
}
compare "defaults (<) and those in docs/configuration.md (>)" "$(defaults)" "$(table)"
[[ $(defaults | wc -l) -gt 10 && $(configured /dev/null --help | options | wc -l) -gt 5 ]]
[[ $faults -eq 0 ]]
