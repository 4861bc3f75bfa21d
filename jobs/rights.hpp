// On whose behalf a job acts on files, and below which directories.
#pragma once

#include "jobs/user.hpp"

#include <memory>

namespace peerpress::jobs {

class root_set;

struct rights {
    jobs::user user;
    std::shared_ptr<const root_set> roots = {};  // nullptr: wherever the user may
};

}  // namespace peerpress::jobs
