// What went wrong, in a reason and one line that names the thing and the way out: pure functions
// from system errors and the pipeline's.
#pragma once

#include "jobs/job_spec.hpp"

#include <exception>
#include <string>

namespace peerpress::jobs {

// What was being done when an error came: an errno alone does not say which file it is about.
enum class step_side { source, output, unknown };

struct error_context {
    std::string source;       // path
    std::string destination;  // path; empty where nothing is written
    step_side side = step_side::unknown;
    bool in_place = false;  // the destination is a block device, and what was written is there
};

// For whatever a transfer, a verification or a commit threw.
problem describe(const std::exception_ptr& error, const error_context& context);
problem describe(error_code error, const error_context& context);

problem describe_open_source(int error_number, const std::string& path);
// For an output's creation, writing and naming; `path` is the output's.
problem describe_output(int error_number, const std::string& path);

}  // namespace peerpress::jobs
