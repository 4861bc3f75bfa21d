#!/bin/bash
# Installs a build below a prefix of its own and builds the examples against it alone, as another project would.
#   installed_library.sh BUILD_DIR SOURCE_DIR
set -euo pipefail
build=$1
source=$2
work=$(mktemp -d "$build/installed-XXXXXX")
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/prefix" >"$work/log"
cmake -S "$source/examples/compress_file" -B "$work/example" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_PREFIX_PATH="$work/prefix" >>"$work/log" || { cat "$work/log"; exit 1; }
cmake --build "$work/example" >>"$work/log" || { cat "$work/log"; exit 1; }
cmake -S "$source/examples/compress_buffer" -B "$work/buffers" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_PREFIX_PATH="$work/prefix" >>"$work/log" || { cat "$work/log"; exit 1; }
cmake --build "$work/buffers" >>"$work/log" || { cat "$work/log"; exit 1; }
[[ $("$work/buffers/compress_buffer" one two) == *"bytes of gzip" ]]

# Several members, and a last one that is not full.
head -c 5000001 /dev/urandom | base64 >"$work/data"
"$work/example/compress_file" "$work/data" "$work/data.gz"
gunzip -c "$work/data.gz" | cmp - "$work/data"

# A destination that exists stays as it is.
before=$(sha256sum "$work/data.gz")
if "$work/example/compress_file" "$work/data" "$work/data.gz" 2>/dev/null; then
    echo "compress_file overwrote a file"
    exit 1
fi
[[ $(sha256sum "$work/data.gz") == "$before" ]]

# Nothing of the source tree may be needed.
if grep -rlF "$source/" "$work/prefix/include" "$work/prefix/lib"/cmake 2>/dev/null; then
    echo "the files above name the source tree"
    exit 1
fi
