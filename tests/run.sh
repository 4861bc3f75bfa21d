#!/bin/bash
# Installs what is needed, builds, and runs the whole suite. Prints "N passed, N failed" last.
# A failing stage does not stop the others; the exit status is 0 only where nothing failed.
set -uo pipefail

usage() {
    cat <<'EOF'
usage: tests/run.sh [OPTION]...
  --stage NAME   run this stage only; may be given several times
  --quick        packages, scripts, format and release only, without the packages of the virtual machines
  --full-tidy    clang-tidy reads the server, client, tests and examples, too, with every check
  --coverage     add a build that counts lines, print the share covered per folder, and hold it against its bounds
  --list         print the stages and what they do
Builds lie in build/<preset>, logs in build/logs.
EOF
}

list_stages() {
    cat <<'EOF'
packages   install the Debian packages that are missing (as root, or through sudo)
scripts    shellcheck, and bash -n, of every script
format     clang-format of every source
release    the release build and every test
asan       the same with AddressSanitizer and UndefinedBehaviorSanitizer
tsan       ThreadSanitizer: the tests of what runs on several threads
fuzz       libFuzzer, a while for each target
crash      a service that is killed, loses power, whose disk fills up, or that is asked for too much, of the release build
tidy       clang-tidy of the sources that move data
vm         virtual machines with NVMe devices: peer to peer on a stock kernel, of the release build
deb        the .deb packages, read by lintian and systemd
EOF
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root" || exit 2
logs=$root/build/logs
mkdir -p "$logs"

# A compiler takes up to 2 GB for one of our files.
cores=$(nproc)
memory_jobs=$(awk '/MemAvailable/ { print int($2 / 2000000) }' /proc/meminfo)
jobs=$((memory_jobs < 1 ? 1 : memory_jobs < cores ? memory_jobs : cores))
step_seconds_max=3600

passed=0
failed=0
skipped=0
stage_failures=()
child=

count() { # PASSED FAILED [SKIPPED]
    passed=$((passed + $1))
    failed=$((failed + $2))
    skipped=$((skipped + ${3:-0}))
}

# Runs a command with its output in a log and a bound on its time, and can be interrupted meanwhile.
bounded() { # LOG COMMAND...
    local log=$1 status
    shift
    timeout --kill-after=30 "$step_seconds_max" "$@" >>"$log" 2>&1 </dev/null &
    child=$!
    wait "$child"
    status=$?
    child=
    return "$status"
}

interrupted() {
    # timeout passes the signal on to all that it started.
    [[ -z $child ]] || kill -TERM "$child" 2>/dev/null
    echo "interrupted" >&2
    exit 130
}
trap interrupted INT TERM

# A step on the way to tests: counts as a failed test where it fails, and not at all where it works.
step() { # WHAT LOG COMMAND...
    local what=$1 log=$2 lines_before started=$SECONDS
    shift 2
    lines_before=$(wc -l 2>/dev/null <"$log" || echo 0)
    bounded "$log" "$@" && return
    count 0 1
    printf '  FAILED: %s after %d s; the end of %s:\n' "$what" "$((SECONDS - started))" "${log#"$root"/}"
    tail -n "+$((lines_before + 1))" "$log" | tail -n 40 | sed 's/^/    /'
    return 1
}

# One thing that holds or does not: counts as one test.
check() { # WHAT LOG COMMAND...
    step "$@" && count 1 0
}

build() { # PRESET LOG [CMAKE BUILD ARGUMENT...]
    local preset=$1 log=$2 started=$SECONDS launcher=()
    shift 2
    if command -v ccache >/dev/null; then
        launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
        export CCACHE_SLOPPINESS=pch_defines,time_macros
    fi
    step "configuring $preset" "$log" cmake --preset "$preset" "${launcher[@]}" || return
    step "building $preset" "$log" "${unrandomised[@]}" cmake --build "build/$preset" -j "$jobs" "$@" || return
    printf '  built in %d s\n' "$((SECONDS - started))"
}

# Sanitizers map large fixed ranges and collide with a randomised address space of many bits.
unrandomised=()
if setarch "$(uname -m)" -R true 2>/dev/null; then
    unrandomised=(setarch "$(uname -m)" -R)
fi

# Runs ctest and counts what it reports.
run_tests() { # PRESET LOG [CTEST ARGUMENT...]
    local preset=$1 log=$2 report=$logs/$1.xml started=$SECONDS status tests failures skips
    shift 2
    rm -f "$report"
    bounded "$log" "${unrandomised[@]}" ctest --test-dir "build/$preset" -j "$cores" --timeout 300 \
        --output-on-failure --no-tests=error --output-junit "$report" "$@"
    status=$?
    attribute() { grep -o -m 1 "\b$1=\"[0-9]*\"" "$report" 2>/dev/null | grep -o '[0-9]*' || echo 0; }
    tests=$(attribute tests)
    failures=$(attribute failures)
    skips=$(($(attribute skipped) + $(attribute disabled)))
    if [[ $tests -eq 0 || ($status -ne 0 && $failures -eq 0) ]]; then
        count 0 1
        printf '  FAILED: ctest ran nothing, or did not come to its end (status %d); the end of %s:\n' \
            "$status" "${log#"$root"/}"
        tail -n 20 "$log" | sed 's/^/    /'
        return
    fi
    count $((tests - failures - skips)) "$failures" "$skips"
    printf '  %d tests in %d s: %d failed, %d skipped\n' "$tests" "$((SECONDS - started))" "$failures" "$skips"
    sed -n '/^The following tests \(FAILED\|did not run\)/,/^Errors while/p' "$log" | grep -E '^[[:space:]]+[0-9]+ - ' |
        sed 's/^/  /'
    [[ $failures -eq 0 ]] || printf '  see %s\n' "${log#"$root"/}"
}

sources() { # FOLDER...
    find "$@" \( -name '*.cpp' -o -name '*.hpp' \) -type f -not -path '*/build/*' | sort
}

stage_packages() {
    # To the terminal as well: it says what it is about to do to the machine.
    if packaging/install-packages.sh "${groups[@]}" ${coverage:+coverage}; then
        count 1 0
    else
        count 0 1
    fi
}

stage_scripts() {
    local script
    while read -r script; do
        check "bash -n $script" "$1" bash -n "$script"
        check "shellcheck $script" "$1" shellcheck --severity=warning -x -P SCRIPTDIR "$script"
    done < <(find .ci examples packaging tests -type f -not -path '*/build/*' -exec grep -lE -m 1 -d skip '^#!/bin/(ba)?sh' {} + | sort)
}

stage_format() {
    local files
    mapfile -t files < <(sources io accel pipeline jobs server client tests examples)
    check "clang-format" "$1" tests/structure/formatted.sh "${files[@]}"
}

stage_release() {
    build release "$1" || return
    run_tests release "$1"
}

stage_asan() {
    export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
    export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
    build asan "$1" || return
    run_tests asan "$1"
}

stage_tsan() {
    export TSAN_OPTIONS=halt_on_error=0:second_deadlock_stack=1:suppressions=$root/tests/tsan.supp
    build tsan "$1" --target tests/{io,accel,pipeline,jobs,server}/all || return
    # What was not built shows as one test that could not run.
    run_tests tsan "$1" -E '_NOT_BUILT$' -LE '^fuzz$'
}

stage_fuzz() {
    build fuzz "$1" --target tests/fuzz/all || return
    run_tests fuzz "$1" -L '^fuzz$'
}

stage_crash() {
    local part status log=$1.part
    build release "$1" --target peerpressd breakable_peerpressd || return
    for part in kill power store overload; do
        rm -f "$log"
        bounded "$log" tests/crash/run.sh "$part" && status=0 || status=$?
        cat "$log" >>"$1"
        sed 's/^/  /' "$log"
        case $status in
            0) count 1 0 ;;
            77) count 0 0 1 ;;
            *)
                count 0 1
                printf '  FAILED: %s; see %s\n' "$part" "${1#"$root"/}"
                ;;
        esac
    done
    rm -f "$log"
}

stage_tidy() {
    # The short form reads what moves data, without the check that alone takes a fifth of the time; the full form all.
    local folders='io|accel|pipeline|jobs' checks='-performance-unnecessary-value-param'
    [[ -z $full_tidy ]] || folders+='|server|client|tests|examples' checks=''
    # Its own compile commands, without a precompiled header: that one is g++'s, and would hide what a source forgot to
    # include. Of the build only the headers are needed that protoc writes.
    build tidy "$1" --target peerpress_proto_sources || return
    check "clang-tidy" "$1" run-clang-tidy-19 -p build/tidy -j "$jobs" -quiet ${checks:+-checks="$checks"} "^$root/($folders)/"
}

stage_vm() {
    local result
    build release "$1" --target peerpress peerpressd peerpress-model || return
    bounded "$1" tests/vm/run.sh
    grep -E '^(FAIL|machine) ' "$1" | sed 's/^/  /'
    result=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$1" | tail -n 1)
    if [[ $result =~ ^([0-9]+)\ passed,\ ([0-9]+) ]]; then
        count "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
        printf '  %s; see %s\n' "$result" "${1#"$root"/}"
    else
        count 0 1
        printf '  FAILED: the rig did not come to its end; the end of %s:\n' "${1#"$root"/}"
        tail -n 20 "$1" | sed 's/^/    /'
    fi
}

stage_deb() {
    build release "$1" || return
    rm -f build/release/*.deb
    check "cpack" "$1" cmake -E chdir build/release cpack -G DEB || return
    check "contents of the packages" "$1" tests/package/debian_packages.sh "$root/build/release"
    check "lintian" "$1" lintian --fail-on error,warning --allow-root build/release/*.deb
}

stage_coverage() {
    build coverage "$1" || return
    run_tests coverage "$1"
    # Not in the log: these are its figures.
    if tests/coverage.sh build/coverage; then count 1 0; else count 0 1; fi
}

stages=()
groups=(build test lint fuzz crash package vm)
full_tidy=
coverage=
mapfile -t all_stages < <(list_stages | cut -d ' ' -f 1)
while [[ $# -gt 0 ]]; do
    case $1 in
        --stage)
            [[ " ${all_stages[*]} coverage " == *" ${2:-} "* ]] || { usage >&2; exit 2; }
            stages+=("$2")
            shift
            ;;
        --quick)
            stages=(packages scripts format release)
            groups=(build test lint fuzz package)
            ;;
        --full-tidy) full_tidy=1 ;;
        --coverage) coverage=1 ;;
        --list) list_stages; exit 0 ;;
        -h | --help) usage; exit 0 ;;
        *) usage >&2; exit 2 ;;
    esac
    shift
done
[[ ${#stages[@]} -gt 0 ]] || stages=("${all_stages[@]}")
[[ -z $coverage ]] || stages+=(coverage)

times=()
began=$SECONDS
for stage in "${stages[@]}"; do
    printf '== %s\n' "$stage"
    started=$SECONDS
    before=$((passed + failed + skipped))
    failed_before=$failed
    rm -f "$logs/$stage.log"
    "stage_$stage" "$logs/$stage.log"
    if [[ $((passed + failed + skipped)) -eq $before ]]; then
        echo "  FAILED: this stage ran no test"
        count 0 1
    fi
    [[ $failed -eq $failed_before ]] || stage_failures+=("$stage")
    times+=("$(printf '  %-9s %5d s' "$stage" $((SECONDS - started)))")
    printf '%s\n' "${times[-1]}"
done

printf '== %d s in all\n' $((SECONDS - began))
printf '%s\n' "${times[@]}"
[[ ${#stage_failures[@]} -eq 0 ]] || printf 'failed stages: %s\n' "${stage_failures[*]}"
summary="$passed passed, $failed failed"
[[ $skipped -eq 0 ]] || summary+=", $skipped skipped"
echo "$summary"
[[ $failed -eq 0 ]]
