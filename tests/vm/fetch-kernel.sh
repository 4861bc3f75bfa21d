#!/usr/bin/env bash
# fetch-kernel.sh DIR: puts a stock Debian kernel with CONFIG_PCI_P2PDMA=y and the few modules the guest
# needs into DIR (vmlinuz, modules/, modules.order, release), and a busybox that runs its applets without a program
# start for each: those cost most of the time under emulation.
#
# Debian 12 and 13 build their kernels without peer-to-peer DMA; the 7.3 kernels of trixie-backports have it. They are
# taken through the machine's own apt configuration, in a private state directory, and never installed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=${1:?usage: fetch-kernel.sh DIR}
modules='nvme ext4 xfs'

if [ -s "$dir/release" ] && [ -s "$dir/vmlinuz" ] && [ -s "$dir/modules.order" ] && [ -s "$dir/busybox" ]; then
    exit 0
fi
rm -rf "$dir"
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)

# shellcheck source=private-apt.sh
. "$here/private-apt.sh"
private_apt "fetch-kernel.sh" "$dir"
release=$(apt-cache "${private[@]}" search --names-only '^linux-binary-7\.[0-9.]+\+deb13-amd64$' |
    sed -E 's/^linux-binary-([^ ]+) .*/\1/' | sort -V | tail -n 1)
if [ -z "$release" ]; then
    echo "fetch-kernel.sh: trixie-backports offers no linux-binary-7.* package any more" >&2
    exit 1
fi

mkdir "$dir/deb"
(cd "$dir/deb" && apt-get "${private[@]}" download "linux-binary-$release" "linux-modules-$release" \
    busybox-static)
for package in "$dir"/deb/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x -C "$dir/deb" --wildcards \
        '*/vmlinuz*' '*/kernel/drivers/nvme/*' '*/kernel/fs/ext4/*' '*/kernel/fs/jbd2/*' '*/kernel/fs/mbcache*' \
        '*/kernel/fs/xfs/*' '*/kernel/lib/crc/*' '*/kernel/crypto/*' '*/bin/busybox' 2>/dev/null || true
done
find "$dir/deb" -name busybox -type f -exec cp {} "$dir/busybox" \; -quit
find "$dir/deb" -name 'vmlinuz*' -type f -exec cp {} "$dir/vmlinuz" \; -quit

# modprobe knows the order in which modules need each other; the guest's busybox then just follows the list.
[ -e "$dir/deb/lib" ] || ln -s usr/lib "$dir/deb/lib"
/sbin/depmod -b "$dir/deb" "$release" 2>/dev/null
mkdir "$dir/modules"
for module in $modules; do
    /sbin/modprobe -d "$dir/deb" -S "$release" --show-depends "$module" | awk '{ print $2 }'
done | awk '!seen[$0]++' | while read -r file; do
    name=$(basename "$file" .ko.xz)
    xz -dc "$file" >"$dir/modules/$name.ko"
    echo "$name.ko" >>"$dir/modules.order"
done
rm -rf "$dir/deb" "$apt"
echo "$release" >"$dir/release"
