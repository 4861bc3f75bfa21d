#!/bin/bash
# Reads the .deb packages of a build: what must be in them, what they need, and whether the programs in them work.
#   debian_packages.sh BUILD_DIR
set -euo pipefail
build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
faults=0
fault() {
    echo "$1"
    faults=$((faults + 1))
}

[[ -f $(echo "$build"/peerpress_*.deb) && -f $(echo "$build"/libpeerpress-dev_*.deb) ]] ||
    { echo "expected one peerpress_*.deb and one libpeerpress-dev_*.deb in $build"; exit 1; }
dpkg-deb -x "$build"/peerpress_*.deb "$work/runtime"
dpkg-deb -x "$build"/libpeerpress-dev_*.deb "$work/dev"

for file in bin/peerpress bin/peerpressd bin/peerpress-opend bin/peerpress-model share/man/man1/peerpress-model.1.gz \
    share/man/man1/peerpress.1.gz share/man/man1/peerpress-compress.1.gz \
    share/man/man8/peerpressd.8.gz share/man/man8/peerpress-opend.8.gz \
    share/bash-completion/completions/peerpress \
    share/zsh/vendor-completions/_peerpress share/fish/vendor_completions.d/peerpress.fish \
    share/doc/peerpress/copyright share/doc/peerpress/changelog.gz share/doc/peerpress/examples/peerpressd.toml; do
    [[ -s $work/runtime/usr/$file ]] || fault "peerpress lacks /usr/$file"
done
for unit in {system,user}/peerpressd.{service,socket} system/peerpress-opend.{service,socket}; do
    [[ -s $work/runtime/usr/lib/systemd/$unit ]] || fault "peerpress lacks $unit"
done
# As systemd reads them: a setting it does not know is ignored by it in the running system, with a line in the journal.
# The program is looked for where it was unpacked.
mkdir -p "$work/run"
for kind in system user; do
    mkdir -p "$work/units/$kind"
    for unit in "$work/runtime/usr/lib/systemd/$kind"/*; do
        sed "s|^ExecStart=/usr/bin|ExecStart=$work/runtime/usr/bin|" "$unit" >"$work/units/$kind/${unit##*/}"
    done
    XDG_RUNTIME_DIR=$work/run systemd-analyze "--$kind" verify --recursive-errors=no "$work/units/$kind"/* \
        >"$work/verified" 2>&1 || true
    [[ ! -s $work/verified ]] || fault "systemd does not like the $kind units: $(cat "$work/verified")"
done

# How much of the system each service can reach, of 10; and which of them may become somebody else.
for unit in peerpressd peerpress-opend; do
    exposed=$(systemd-analyze security --offline=true "$work/units/system/$unit.service" 2>/dev/null | sed -n 's/.*: \([0-9.]*\) .*/\1/p')
    awk -v exposed="$exposed" 'BEGIN { exit !(exposed > 0 && exposed <= 2.0) }' || fault "$unit is exposed: $exposed"
done
grep -qx 'CapabilityBoundingSet=' "$work/units/system/peerpressd.service" || fault "peerpressd has capabilities"
grep -qx 'CapabilityBoundingSet=CAP_SETUID CAP_SETGID' "$work/units/system/peerpress-opend.service" ||
    fault "peerpress-opend has other capabilities than it needs"

dpkg-deb -e "$build"/peerpress_*.deb "$work/control"
for script in postinst prerm postrm; do
    [[ -x $work/control/$script ]] && sh -n "$work/control/$script" || fault "peerpress has no $script that sh reads"
done
for file in include/peerpress/pipeline/transfer.hpp include/peerpress/io/uring.hpp lib/cmake/peerpress/peerpressConfig.cmake \
    lib/libpeerpress_pipeline.a share/peerpress/proto/peerpress/v1/job_service.proto; do
    [[ -s $work/dev/usr/$file ]] || fault "libpeerpress-dev lacks /usr/$file"
done

# Both sides of what the programs link, as an example: a C library and gRPC.
depends=$(dpkg-deb -f "$build"/peerpress_*.deb Depends)
for library in libc6 libgrpc++; do
    [[ $depends == *"$library"* ]] || fault "peerpress does not depend on $library, but on: $depends"
done

for program in peerpress peerpressd peerpress-opend; do
    "$work/runtime/usr/bin/$program" --version >"$work/version" || fault "$program --version fails"
    [[ $(head -n 1 "$work/version") == "$program "[0-9]* ]] || fault "$program --version says: $(head -n 1 "$work/version")"
done
head -c 3000000 /dev/urandom >"$work/data"
"$work/runtime/usr/bin/peerpress" compress --quiet --no-server "$work/data"
gunzip -c "$work/data.gz" | cmp - "$work/data" || fault "the packaged peerpress compressed wrongly"

[[ $faults -eq 0 ]] && echo "both packages hold what they should"
exit $((faults > 0))
