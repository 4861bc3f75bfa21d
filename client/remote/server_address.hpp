// Where a server is, as a user writes it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peerpress::client {

struct server_address {
    std::string target;            // as gRPC takes it: "unix:/run/x.sock", "dns:///host:9000"
    std::string text;              // for people: "unix:/run/x.sock", "host:9000"
    std::string socket_path;       // empty for TCP
    bool files_are_there = false;  // by TCP: the user speaks of the server's files, not of ours

    bool is_local() const { return !socket_path.empty(); }
    // Over a Unix socket it is the same machine: paths mean the same to both.
    bool shares_files() const { return is_local() || files_are_there; }
};

// "unix:PATH", an absolute or dotted PATH (taken against `directory`), "HOST:PORT", "[::1]:PORT".
std::optional<server_address> parse_server_address(std::string_view text,
                                                   std::string_view directory);

// Where a local server listens unless it is told otherwise, the nearest first. `runtime_directory`
// is $XDG_RUNTIME_DIR; empty: not set.
std::vector<std::string> default_sockets(std::string_view runtime_directory);

}  // namespace peerpress::client
