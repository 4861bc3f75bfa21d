#!/bin/bash
# Makes the Python modules of the gRPC interface:  stubs.sh DIRECTORY
# Needs the packages protobuf-compiler and protobuf-compiler-grpc; what uses them, python3-grpcio and python3-protobuf.
set -euo pipefail
proto=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../proto" && pwd)
mkdir -p "$1"
# google/rpc/status.proto and error_details.proto are the well-known ones; the google folder of the modules adds to
# the installed google package, which is a namespace.
protoc -I "$proto" --python_out="$1" --grpc_python_out="$1" --plugin=protoc-gen-grpc_python="$(command -v grpc_python_plugin)" \
    "$proto"/peerpress/v1/*.proto "$proto"/google/rpc/*.proto
