// What an output needs before it gets its name: a source that is what it was, and its metadata.
// Blocking calls: made by the opener's threads.
#pragma once

#include "jobs/opener.hpp"

#include <sys/types.h>

namespace peerpress::jobs {

struct seal_options {
    bool carry_metadata = true;
    mode_t plain_mode = 0666;  // of an output that takes no metadata over
    bool durable = true;
};

sealed_file seal_output(const seal_request& request, const seal_options& options);

}  // namespace peerpress::jobs
