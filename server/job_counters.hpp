// How far a job has got, all of its runs together.
#pragma once

#include "jobs/job_spec.hpp"
#include "server/job_record.hpp"

#include <vector>

namespace peerpress::server {

// What earlier runs of a job, cut short by a shutdown or a crash, had finished.
struct earlier_runs {
    job_counters counters = {};
    std::vector<jobs::path_bytes> paths = {};
    bool warned = false;
};

job_counters counters_of(const jobs::job_progress& progress);
job_counters operator+(job_counters a, const job_counters& b);

}  // namespace peerpress::server
