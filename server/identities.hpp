// Whom the certificates of remote callers stand for, as the configuration says. Immutable.
#pragma once

#include "jobs/root_set.hpp"
#include "server/config.hpp"
#include "server/job_owner.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace peerpress::server {

// What a certificate that was found to be valid says of its subject.
struct certificate_names {
    std::vector<std::string> uris = {};
    std::string common_name = {};

    // For logs: what it would be known by.
    std::string text() const;
};

struct remote_identity {
    std::string name;
    std::string user;
    uid_t uid = 0;
    gid_t gid = 0;
    std::shared_ptr<const jobs::root_set> roots = {};  // nullptr: wherever the user may
};

class identities {
public:
    // Throws refusal where a user is not there, or none that this daemon can act for, or where a
    // root cannot be opened. `roots` are for those that have none of their own.
    identities(const config& config, const std::shared_ptr<const jobs::root_set>& roots);

    // By the one URI that is known, or by the common name where there is no URI: what a CA puts
    // beside a URI is for people. nullptr: nobody, or two of them.
    const remote_identity* find(const certificate_names& names) const;
    const remote_identity* find(std::string_view name) const;

    // Whose a stored job is, unless it now stands for somebody else. Throws problem_error.
    const remote_identity& of(const job_owner& owner) const;

private:
    std::vector<remote_identity> known_;
};

}  // namespace peerpress::server
