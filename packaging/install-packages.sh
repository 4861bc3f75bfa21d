#!/bin/bash
# Installs the Debian packages of the named groups of packaging/packages.txt, as root or through sudo.
#   packaging/install-packages.sh [--dry-run] GROUP...
# Says what it will install, what for, and what that would remove, before it does so. Silent where
# everything is there. The mirror is whatever apt is configured to use.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
list=$here/packages.txt
apt_get=(apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -o APT::Install-Recommends=false)

die() {
    printf 'install-packages: %s\n' "$1" >&2
    exit 1
}

# The packages of the wanted groups that are not installed, a line each: PACKAGE<TAB>what for.
missing_packages() {
    dpkg-query -W -f '${Package}\t${db:Status-Abbrev}\n' 2>/dev/null |
        awk -v groups=" $* " '
            FNR == NR { if ($2 ~ /^.i/) installed[$1] = 1; next }
            /^[ \t]*(#|$)/ { next }
            {
                what = ""
                if (match($0, /#/)) { what = substr($0, RSTART + 1); sub(/^[ \t]+/, "", what); $0 = substr($0, 1, RSTART - 1) }
                if (!index(groups, " " $1 " ")) next
                for (i = 2; i <= NF; ++i) {
                    count = split($i, choice, "|")
                    there = 0
                    for (k = 1; k <= count; ++k) there += choice[k] in installed
                    if (!there && !seen[choice[1]]++) printf "%s\t%s\n", choice[1], what
                }
            }' - "$list"
}

check_groups() {
    local known group
    known=$(awk '!/^[ \t]*(#|$)/ { print $1 }' "$list" | sort -u | tr '\n' ' ')
    for group in "$@"; do
        [[ " $known " == *" $group "* ]] || die "no such group: $group (there are: ${known% })"
    done
}

# Sets `elevate` to what puts a command into root's hands.
become_root() {
    elevate=()
    [[ $(id -u) -eq 0 ]] && return
    command -v sudo >/dev/null ||
        die "to install ${names[*]} I need root: run this as root, or install sudo, or install them yourself with apt-get install"
    # Without a terminal nobody could type a password, and sudo would wait for one.
    elevate=(sudo)
    [[ -t 0 ]] || elevate=(sudo -n)
    "${elevate[@]}" true || die "sudo does not let this user in; run this as root, or install: ${names[*]}"
}

simulate() {
    LC_ALL=C "${apt_get[@]}" -s install "${names[@]}" 2>&1
}

# apt's own plan, from package lists that know every package; they are fetched at most once.
make_plan() {
    plan=$(simulate) && return
    echo "apt does not know all of these packages yet; fetching its package lists ..."
    "${elevate[@]}" "${apt_get[@]}" -qq update || die "apt-get update failed; is the mirror in /etc/apt reachable?"
    updated=1
    plan=$(simulate) && return
    printf '%s\n' "$plan" | tail -n 8 >&2
    die "apt cannot install these packages. They are those of Debian 12 (bookworm)."
}

explain_plan() {
    local new removed
    new=$(grep -c '^Inst ' <<<"$plan" || true)
    removed=$(awk '/^Remv / { print $2 }' <<<"$plan")
    echo "These packages are needed and not installed:"
    awk -F '\t' '
        { if (!($2 in line)) order[++n] = $2; line[$2] = line[$2] " " $1 }
        END { for (i = 1; i <= n; ++i) printf "  %-45s %s\n", order[i] ":", substr(line[order[i]], 2) }' <<<"$missing"
    echo "apt will install them and what they depend on (packages in all: $new)."
    [[ -z $removed ]] && return
    echo "THIS REMOVES what cannot be installed beside them (packages: $(wc -l <<<"$removed")):"
    fmt -w 98 <<<"$removed" | sed 's/^/  /'
    if grep -q 'boost' <<<"$removed"; then
        echo "  (Debian has one version of Boost's headers at a time, and Asio is needed in 1.81. Programs already"
        echo "  built keep running. To go back later: apt-get install libboost-all-dev)"
    fi
    if [[ -t 0 && -t 1 && $dry_run -eq 0 ]]; then
        echo "Press Ctrl-C within 10 seconds to keep them."
        sleep 10
    fi
}

install_them() {
    local log
    log=$(mktemp)
    local command=("${elevate[@]}" env DEBIAN_FRONTEND=noninteractive "${apt_get[@]}" -y -q install "${names[@]}")
    if ! "${command[@]}" >"$log" 2>&1 </dev/null; then
        # Package lists may be older than the mirror: the versions they name are gone then.
        if [[ $updated -eq 1 ]] || ! "${elevate[@]}" "${apt_get[@]}" -qq update ||
            ! "${command[@]}" >"$log" 2>&1 </dev/null; then
            tail -n 20 "$log" >&2
            rm -f "$log"
            die "apt-get install failed"
        fi
    fi
    rm -f "$log"
}

dry_run=0
if [[ ${1:-} == --dry-run ]]; then
    dry_run=1
    shift
fi
[[ $# -gt 0 ]] || die "usage: install-packages.sh [--dry-run] GROUP..."
command -v apt-get >/dev/null || die "this is not Debian: there is no apt-get"
check_groups "$@"

missing=$(missing_packages "$@")
[[ -n $missing ]] || exit 0
mapfile -t names < <(cut -f 1 <<<"$missing")
updated=0
elevate=()
[[ $dry_run -eq 1 ]] || become_root
make_plan
explain_plan
[[ $dry_run -eq 0 ]] || exit 0
started=$SECONDS
install_them
echo "Installed in $((SECONDS - started)) s."
