// The opener in this process, with this process's rights: blocking calls on a few threads.
#pragma once

#include "jobs/opener.hpp"

#include <memory>

namespace peerpress::jobs {

std::unique_ptr<opener> make_local_opener(opener_options options);

}  // namespace peerpress::jobs
