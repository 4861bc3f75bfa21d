// What a job came to, added up from its files.
#pragma once

#include "jobs/job_spec.hpp"

#include <cstdint>
#include <vector>

namespace peerpress::client {

struct job_totals {
    std::uint64_t files_done = 0;
    std::uint64_t files_failed = 0;
    std::uint64_t files_skipped = 0;
    std::uint64_t bytes_in = 0;  // of files that are done
    std::uint64_t bytes_out = 0;
    std::vector<jobs::path_bytes> paths;  // one entry for each path, device and reason

    void add(const jobs::file_result& file);
};

}  // namespace peerpress::client
