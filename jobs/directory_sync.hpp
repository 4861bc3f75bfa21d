// Makes the entries of directories durable, each directory once.
#pragma once

#include "jobs/directory.hpp"
#include "jobs/reason.hpp"
#include "jobs/steps.hpp"

#include <memory>
#include <vector>

namespace peerpress::jobs {

// One directory per file, null where there is nothing to sync; a failure becomes the problem of
// each file in it. Directories made on the way get their own entries synced with them.
void sync_directories(const std::vector<std::shared_ptr<directory>>& directories,
                      std::vector<problem>& problems, const step_hook& on_step);

}  // namespace peerpress::jobs
