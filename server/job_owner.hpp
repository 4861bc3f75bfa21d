// Whose a job is, as the job store keeps it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace peerpress::server {

struct job_owner {
    uid_t uid = 0;
    gid_t gid = 0;
    // A remote caller, as the configuration knows it; empty for local users.
    std::string identity = {};

    bool operator==(const job_owner&) const = default;
    // Of one line, for logs and quotas: "uid:1000", or a remote caller's identity.
    std::string name() const { return identity.empty() ? "uid:" + std::to_string(uid) : identity; }
};

// Whose jobs are seen: one user's, or everybody's.
using visible_jobs = std::optional<uid_t>;
inline constexpr visible_jobs everybodys_jobs = std::nullopt;

inline bool is_visible(const job_owner& owner, visible_jobs to) {
    return !to || *to == owner.uid;
}

}  // namespace peerpress::server
