// Who asks. Every call of JobService has a caller; what it may see and do, and with whose rights
// its jobs run, follows from that alone, and from nothing that the request says.
#pragma once

#include "jobs/reason.hpp"
#include "jobs/rights.hpp"
#include "server/job_owner.hpp"

#include <grpcpp/support/server_callback.h>
#include <unistd.h>

#include <optional>
#include <string>

namespace peerpress::server {

struct caller {
    jobs::rights rights;  // of its jobs; groups are a local user's only
    // What the configuration knows a remote caller by; empty for local users.
    std::string identity = {};
    pid_t pid = 0;               // as it was when it connected, for logs only; 0: unknown
    bool administrator = false;  // sees and cancels everybody's jobs

    // Of a job that is made now. A remote caller's are looked up as for a job that is taken up
    // again: the user database may block.
    std::optional<jobs::rights> rights_at_once() const {
        return identity.empty() ? std::optional(rights) : std::nullopt;
    }
    uid_t uid() const { return rights.user.uid; }
    job_owner owner() const { return {uid(), rights.user.gid, identity}; }
    std::string name() const { return owner().name(); }
    visible_jobs sees() const { return administrator ? everybodys_jobs : visible_jobs(owner()); }
};

// Why a daemon that runs as `daemon` has no jobs of `uid`; none where it can act for that user.
// Only root can act for others.
jobs::problem objection_to_jobs_of(uid_t uid, uid_t daemon = ::geteuid());

// Tells who made a call. One for each kind of listener, shared by its services. Thread-safe.
class callers {
public:
    virtual ~callers() = default;
    // While the call is under way. Throws refusal where nobody is known who may ask.
    virtual caller of(const grpc::CallbackServerContext& context) const = 0;
};

}  // namespace peerpress::server
