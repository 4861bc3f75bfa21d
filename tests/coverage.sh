#!/bin/bash
# Prints the share of lines that the tests run, per folder.  coverage.sh BUILD_DIR (built with PEERPRESS_COVERAGE)
set -euo pipefail
build=$1
cd "$(dirname "${BASH_SOURCE[0]}")/.."

gcovr --root . --object-directory "$build" --exclude-throw-branches --filter '(io|accel|pipeline|jobs|server|client)/' \
    --csv "$build/coverage.csv" "$build"
awk -F , '
    NR == 1 { for (i = 1; i <= NF; ++i) column[$i] = i; next }
    {
        folder = $column["filename"]; sub(/\/[^\/]*$/, "", folder)
        lines[folder] += $column["line_total"]; covered[folder] += $column["line_covered"]
        all += $column["line_total"]; all_covered += $column["line_covered"]
    }
    END {
        if (!all) { print "no line was counted"; exit 1 }
        for (folder in lines)
            printf "  %-20s %6d lines  %5.1f %% covered\n", folder, lines[folder], 100 * covered[folder] / lines[folder] | "sort"
        close("sort")
        printf "  %-20s %6d lines  %5.1f %% covered\n", "all", all, 100 * all_covered / all
    }' "$build/coverage.csv"
