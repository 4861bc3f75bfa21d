#!/bin/bash
# Names the files that clang-format would lay out otherwise. formatted.sh FILE...
set -uo pipefail

wrong=0
for file in "$@"; do
    clang-format-19 "$file" | cmp -s - "$file" && continue
    echo "$file"
    wrong=$((wrong + 1))
done
[[ $wrong -eq 0 ]] && echo "$# files are laid out as .clang-format asks" && exit
echo "$wrong of $# files: clang-format-19 -i FILE lays them out"
exit 1
