// The opener's end of one job's session: makes an opener that acts for the job's user and does what
// it is asked, until the connection ends; then whatever the job has left unfinished goes.
#pragma once

#include "jobs/output_registry.hpp"
#include "jobs/root_set.hpp"
#include "roles/channel.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace peerpress::roles {

struct session_rules {
    std::string release;  // whoever connects must be of it
    std::shared_ptr<jobs::output_registry> outputs;
    // A session may go without a user, and act with this process's own rights. For tests.
    bool own_rights = false;
    bool no_root = false;  // root's files are for nobody
    // The same directories for the same names, for as long as this process runs. Throws
    // system_error.
    std::function<std::shared_ptr<const jobs::root_set>(const std::vector<std::string>&)>
        open_roots;
    // Blocks until no earlier session of the same job is left, and holds the job's name then;
    // nullptr: it took too long.
    std::function<std::shared_ptr<void>(const std::string& tag)> claim_job;
};

// Ends with the connection. Throws nothing; what ended it is returned, empty where the other end
// closed it.
awaitable<std::string> serve_session(std::shared_ptr<channel> connection,
                                     const session_rules& rules);

}  // namespace peerpress::roles
