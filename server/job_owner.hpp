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

// Whose jobs are seen: one owner's, or everybody's. A user's remote identities are owners of their
// own, since each may be let into other directories.
using visible_jobs = std::optional<job_owner>;
inline const visible_jobs everybodys_jobs = std::nullopt;

inline bool is_visible(const job_owner& owner, const visible_jobs& to) {
    return !to || (to->uid == owner.uid && to->identity == owner.identity);
}

}  // namespace peerpress::server
