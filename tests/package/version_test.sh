#!/bin/bash
# The version stands in three places; a release must not miss one.  version_test.sh SOURCE_DIR VERSION
set -euo pipefail
cd "$1"
version=$2

debian=$(sed -n '1s/^peerpress (\(.*\)) .*/\1/p' packaging/deb/changelog)
[[ $debian == "$version" ]] || { echo "packaging/deb/changelog begins with '$debian', CMakeLists.txt says $version"; exit 1; }

changes=$(sed -n 's/^## \([0-9][0-9.]*\).*/\1/p' CHANGELOG.md | head -n 1)
[[ $changes == "$version" ]] || { echo "CHANGELOG.md begins with '$changes', CMakeLists.txt says $version"; exit 1; }
