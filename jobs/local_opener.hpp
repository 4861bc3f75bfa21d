// The opener in this process: blocking calls on a few threads of its own, which act with the rights
// of whom the job is for.
#pragma once

#include "jobs/opener.hpp"

#include <memory>

namespace peerpress::jobs {

std::unique_ptr<opener> make_local_opener(opener_options options);

}  // namespace peerpress::jobs
