#include "server/caller.hpp"

#include <fmt/format.h>

namespace peerpress::server {

jobs::problem objection_to_jobs_of(uid_t uid, uid_t daemon) {
    if (daemon == 0 || daemon == uid) return {};
    return {
        jobs::reason::permission_denied,
        fmt::format("this server runs as user {} and works for that user alone, not for user {}: "
                    "start one of your own, or ask for one that runs as root",
                    daemon, uid)};
}

}  // namespace peerpress::server
