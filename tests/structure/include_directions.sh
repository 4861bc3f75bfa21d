#!/bin/bash
# Keeps the direction of the project's dependencies by reading #include lines:
#     client, server -> jobs -> pipeline -> accel -> io, and server -> roles -> jobs
# accel/ is the seam; its backends (accel/software, ...) are for client, server, tests and examples only.
# accel/model is a program as well, of which nobody else sees anything: it is built on backends and on pipeline/.
# gRPC, protobuf and SQLite stay above jobs.   include_directions.sh [ROOT]
set -euo pipefail
cd "${1:-$(dirname "${BASH_SOURCE[0]}")/../..}"

folders=()
for folder in io accel pipeline jobs roles server client; do
    [[ -d $folder ]] && folders+=("$folder")
done
[[ ${#folders[@]} -gt 0 ]] || { echo "no product folder in $PWD" >&2; exit 2; }

includes=$(grep -rHnE --include='*.hpp' --include='*.cpp' --include='*.h' '^[[:space:]]*#[[:space:]]*include' "${folders[@]}" || true)
[[ -n $includes ]] || { echo "no #include in $PWD" >&2; exit 2; }

awk '
    BEGIN {
        sees["io"] = " io "
        sees["accel"] = " io accel "
        sees["pipeline"] = " io accel pipeline "
        sees["jobs"] = " io accel pipeline jobs "
        sees["roles"] = " io accel pipeline jobs roles "
        sees["server"] = " io accel pipeline jobs roles server "
        sees["client"] = " io accel pipeline jobs client "
        sees["accel/model"] = " io accel pipeline "
    }
    function fault(why) { print file ":" line ": " why; faults++ }
    # "accel/software/x.hpp" -> "accel/software"; "accel/accelerator.hpp" -> "".
    function backend(path) { return match(path, /^accel\/[^\/]+\//) ? substr(path, 1, RLENGTH - 1) : "" }
    {
        split($0, part, ":")
        file = part[1]; line = part[2]
        from = file; if (!sub(/^accel\/model\/.*/, "accel/model", from)) sub(/\/.*/, "", from)
        if (match($0, /include[ \t]*"[^"]+"/)) {
            header = substr($0, RSTART, RLENGTH); sub(/^[^"]*"/, "", header); sub(/"$/, "", header)
            to = header; sub(/\/.*/, "", to)
            if (to == header) fault("\"" header "\" is not relative to the project")
            else if ((to in sees) && !index(sees[from], " " to " ")) fault(from " must not see " header)
            else if ((to in sees) && (getline ignored < header) < 0) fault("there is no " header)
            else if (backend(header) == "accel/model" && from != "accel/model") fault(from " must not see the program " header)
            else if (backend(header) != "" && backend(header) != backend(file) && from !~ /^(client|server|accel\/model)$/)
                fault((backend(file) ? backend(file) : from) " must not see the backend " header)
            close(header)
        } else {
            header = $0; sub(/^[^<]*</, "", header); sub(/>.*/, "", header)
        }
        if (from != "server" && from != "client" && header ~ /^(grpc|google\/|absl\/|sqlite3|peerpress\/)|\.pb\.h$/)
            fault(from " must not see " header)
    }
    END {
        if (faults) { print faults " includes against the direction"; exit 1 }
        print NR " includes, all in the right direction"
    }' <<<"$includes"
