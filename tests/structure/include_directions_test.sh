#!/bin/bash
# include_directions.sh must complain about each wrong include, and about nothing else.
set -euo pipefail
checker=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/include_directions.sh
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
failures=0

# given FILE LINE...: a tree that is in order but for FILE, which holds the LINEs.
given() {
    rm -rf "${tree:?}"/*
    mkdir -p "$tree"/{io,accel/software,accel/noload,accel/model,pipeline,jobs,roles,server,client}
    printf '#include <vector>\n' >"$tree/io/uring.hpp"
    printf '#include "io/uring.hpp"\n' | tee "$tree/accel/accelerator.hpp" "$tree/accel/model/core.hpp" >"$tree/accel/software/engine.hpp"
    printf '#include "accel/accelerator.hpp"\n#include "io/uring.hpp"\n' >"$tree/pipeline/lane.hpp"
    printf '#include "pipeline/lane.hpp"\n' >"$tree/jobs/job.hpp"
    printf '#include "jobs/job.hpp"\n' >"$tree/roles/opener.hpp"
    printf '#include "accel/software/engine.hpp"\n#include "jobs/job.hpp"\n#include <grpcpp/grpcpp.h>\n' |
        tee "$tree/server/main.hpp" >"$tree/client/main.hpp"
    printf '%s\n' "${@:2}" >>"$tree/$1"
}

refuses() {
    local output
    if output=$("$checker" "$tree") || [[ $output != *"$1"* ]]; then
        printf 'expected a complaint with "%s", got: %s\n' "$1" "$output"
        failures=$((failures + 1))
    fi
}

accepts() {
    local output
    if ! output=$("$checker" "$tree"); then
        printf 'expected no complaint, got: %s\n' "$output"
        failures=$((failures + 1))
    fi
}

given io/uring.hpp && accepts
given accel/software/more.cpp '#include "accel/software/engine.hpp"' && accepts
given pipeline/lane.hpp '// #include "server/main.hpp"' && accepts
given io/uring.hpp '#include "accel/accelerator.hpp"' && refuses 'io must not see accel/accelerator.hpp'
given pipeline/lane.hpp '#include "jobs/job.hpp"' && refuses 'pipeline must not see jobs/job.hpp'
given jobs/job.hpp '  #  include "server/main.hpp"' && refuses 'jobs must not see server/main.hpp'
given server/main.hpp '#include "client/main.hpp"' && refuses 'server must not see client/main.hpp'
given server/main.hpp '#include "roles/opener.hpp"' && accepts
given jobs/job.hpp '#include "roles/opener.hpp"' && refuses 'jobs must not see roles/opener.hpp'
given client/main.hpp '#include "roles/opener.hpp"' && refuses 'client must not see roles/opener.hpp'
given roles/opener.hpp '#include <grpcpp/grpcpp.h>' && refuses 'roles must not see grpcpp'
given client/main.hpp '#include "server/main.hpp"' && refuses 'client must not see server/main.hpp'
given pipeline/lane.hpp '#include "accel/software/engine.hpp"' && refuses 'pipeline must not see the backend'
given accel/accelerator.hpp '#include "accel/software/engine.hpp"' && refuses 'accel must not see the backend'
given accel/noload/core.cpp '#include "accel/software/engine.hpp"' && refuses 'accel/noload must not see the backend'
given accel/model/core.cpp '#include "accel/software/engine.hpp"' && accepts
given accel/model/core.cpp '#include "pipeline/lane.hpp"' && accepts
given accel/model/core.cpp '#include "jobs/job.hpp"' && refuses 'accel/model must not see jobs/job.hpp'
given accel/model/core.cpp '#include <grpcpp/grpcpp.h>' && refuses 'accel/model must not see grpcpp/grpcpp.h'
given server/main.hpp '#include "accel/model/core.hpp"' && refuses 'server must not see the program accel/model/core.hpp'
given jobs/job.hpp '#include <grpcpp/grpcpp.h>' && refuses 'jobs must not see grpcpp/grpcpp.h'
given jobs/job.hpp '#include <sqlite3.h>' && refuses 'jobs must not see sqlite3.h'
given io/uring.hpp '#include <google/protobuf/message.h>' && refuses 'io must not see google/protobuf/message.h'
given jobs/job.hpp '#include "peerpress/v1/types.pb.h"' && refuses 'jobs must not see peerpress/v1/types.pb.h'
given io/uring.hpp '#include "bytes.hpp"' && refuses '"bytes.hpp" is not relative to the project'
given io/uring.hpp '#include "io/nowhere.hpp"' && refuses 'there is no io/nowhere.hpp'

[[ $failures -eq 0 ]] && echo "every wrong include is refused"
exit $((failures > 0))
