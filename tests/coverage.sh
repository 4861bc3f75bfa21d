#!/bin/bash
# Prints the share of lines that the tests run, per folder and of the files by which nothing may be lost, and fails where
# either is below its bound.  coverage.sh BUILD_DIR (built with PEERPRESS_COVERAGE)
set -euo pipefail
build=$1
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Commit, recovery and judgement: each line of them. All the rest together: this share.
whole='jobs/committer.cpp jobs/output.cpp jobs/output_registry.cpp jobs/seal.cpp jobs/directory_sync.cpp'
whole+=' accel/noload/judge.cpp server/job_store.cpp server/job_database.cpp'
rest_percent_min=85

gcovr --root . --object-directory "$build" --exclude-throw-branches --filter '(io|accel|pipeline|jobs|server|client)/' \
    --csv "$build/coverage.csv" "$build"
awk -F , -v whole="$whole" -v least="$rest_percent_min" '
    function share(of, all) { return all ? 100 * of / all : 100 }
    NR == 1 {
        for (i = 1; i <= NF; ++i) column[$i] = i
        count = split(whole, names, " ")
        for (i = 1; i <= count; ++i) missing[names[i]] = 1
        next
    }
    {
        name = $column["filename"]; total = $column["line_total"]; run = $column["line_covered"]
        folder = name; sub(/\/[^\/]*$/, "", folder)
        lines[folder] += total; covered[folder] += run
        all += total; all_covered += run
        if (name in missing) {
            delete missing[name]
            named[name] = sprintf("  %-28s %5d lines  %5.1f %% covered\n", name, total, share(run, total))
            if (run < total) bad = bad "  " name " has to be covered whole\n"
        } else {
            rest += total; rest_covered += run
        }
    }
    END {
        if (!all) { print "no line was counted"; exit 1 }
        for (folder in lines)
            printf "  %-28s %5d lines  %5.1f %% covered\n", folder, lines[folder], share(covered[folder], lines[folder]) | "sort"
        close("sort")
        printf "  %-28s %5d lines  %5.1f %% covered\n", "all", all, share(all_covered, all)
        print "  commit, recovery and judgement:"
        for (name in named) printf "%s", named[name] | "sort"
        close("sort")
        printf "  %-28s %5d lines  %5.1f %% covered\n", "all the rest", rest, share(rest_covered, rest)
        for (name in missing) bad = bad "  " name " was not counted\n"
        if (share(rest_covered, rest) < least) bad = bad "  all the rest is below " least " %\n"
        printf "%s", bad
        exit bad != ""
    }' "$build/coverage.csv"
