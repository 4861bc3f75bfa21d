// The callers of the Unix socket, by the credentials that the kernel keeps for their connections.
//
// gRPC 1.51 tells a handler nothing of a connection's credentials. But a connection that is handed
// to it as a descriptor has "fd:N" as its peer, so that the socket itself can be asked. That holds
// as long as the call does: gRPC closes a descriptor when it takes down the connection's transport,
// in which the peer's name lies, and every call holds on to its transport. A name of another form
// is refused, so that another gRPC would serve nobody rather than somebody else.
#pragma once

#include "server/caller.hpp"
#include "server/config.hpp"

#include <memory>
#include <optional>
#include <string_view>

namespace peerpress::server {

struct local_caller_rules {
    std::optional<gid_t> administrators = {};          // a group; root always is one
    std::shared_ptr<const jobs::root_set> roots = {};  // of all of them
};

// Throws refusal where the configuration names a group that is none.
local_caller_rules local_caller_rules_of(const config& config,
                                         std::shared_ptr<const jobs::root_set> roots = {});

class local_callers final : public callers {
public:
    explicit local_callers(local_caller_rules rules) : rules_(std::move(rules)) {}

    caller of(const grpc::CallbackServerContext& context) const override;
    // What of() does with a socket.
    caller of_socket(int fd) const;

private:
    local_caller_rules rules_;
};

// N of "fd:N".
std::optional<int> descriptor_of(std::string_view peer);

}  // namespace peerpress::server
