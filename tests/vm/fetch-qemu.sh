#!/usr/bin/env bash
# fetch-qemu.sh DIR: puts a QEMU that speaks vfio-user (10.1 or later) beside the system's into DIR, with every library
# and file it needs, and a program DIR/qemu-system-x86_64 that starts it from there. For the machines with device models.
#
# Debian 12 has QEMU 7.2 and 13 has 10.0; trixie-backports has a later one. It is taken through the machine's own apt
# configuration, in a private state directory, with all packages it depends on, and never installed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dir=${1:?usage: fetch-qemu.sh DIR}
wanted=10.1

if [ -s "$dir/version" ] && [ -x "$dir/qemu-system-x86_64" ]; then
    exit 0
fi
rm -rf "$dir"
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)

# shellcheck source=private-apt.sh
. "$here/private-apt.sh"
private_apt "fetch-qemu.sh" "$dir"
# All packages it depends on, too: the libraries of this machine are older.
apt-get "${private[@]}" --yes --no-install-recommends --download-only --target-release trixie-backports \
    install qemu-system-x86

mkdir "$dir/root"
# As they are merged on the system, so that a package which still says /lib lands where the others do.
for folder in bin lib lib64 sbin; do
    mkdir -p "$dir/root/usr/$folder"
    ln -s "usr/$folder" "$dir/root/$folder"
done
for package in "$apt"/cache/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$package" | tar -x -C "$dir/root" --keep-directory-symlink \
        --exclude './usr/share/doc' --exclude './usr/share/man' --exclude './usr/share/locale' --exclude './usr/lib/python*'
done
rm -rf "$apt"

libraries=$dir/root/usr/lib/x86_64-linux-gnu
cat >"$dir/qemu-system-x86_64" <<END
#!/bin/sh
# The dynamic linker that belongs to it: the machine's own is older than its libraries.
export QEMU_MODULE_DIR=$libraries/qemu
exec $libraries/ld-linux-x86-64.so.2 --library-path $libraries \\
    $dir/root/usr/bin/qemu-system-x86_64 -L $dir/root/usr/share/qemu -L $dir/root/usr/share/seabios "\$@"
END
chmod +x "$dir/qemu-system-x86_64"

version=$("$dir/qemu-system-x86_64" --version | sed -n 's/.*version \([0-9.]*\).*/\1/p')
if [ "$(printf '%s\n' "$wanted" "$version" | sort -V | head -n 1)" != "$wanted" ]; then
    echo "fetch-qemu.sh: trixie-backports offers QEMU '$version', $wanted is needed for vfio-user" >&2
    exit 1
fi
echo "$version" >"$dir/version"
