// Clears up after a job that was cut short and will not be run again.
#pragma once

#include "jobs/job_run.hpp"

namespace peerpress::jobs {

// Removes the temporaries that earlier runs left. Walks the job's sources as a run does, writes
// nothing, tells nobody; runs on the lane's executor.
awaitable<> tidy_job(job_spec spec, job_context context);

}  // namespace peerpress::jobs
