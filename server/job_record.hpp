// What the job store keeps, as plain values. Specs and file results are opaque bytes to it.
#pragma once

#include "jobs/job_run.hpp"
#include "jobs/job_spec.hpp"
#include "server/job_owner.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace peerpress::server {

// Microseconds since 1970, UTC.
using micros = std::int64_t;
micros now_micros();

struct job_counters {
    std::int64_t files_total = 0;
    std::int64_t files_done = 0;
    std::int64_t files_failed = 0;
    std::int64_t bytes_total = 0;
    std::int64_t bytes_in = 0;
    std::int64_t bytes_out = 0;
    std::int64_t page_cache_files = 0;
};

struct job_record {
    std::int64_t row = 0;  // grows with age; the key of paging
    std::string id;        // a UUID
    std::string spec;      // what runs, with the defaults of its time
    jobs::job_state state = jobs::job_state::queued;
    std::int32_t priority = 0;
    micros create_time = 0;
    std::optional<micros> start_time = {};
    std::optional<micros> end_time = {};
    jobs::problem error = {};
    bool warned = false;
    job_counters counters = {};
    std::int64_t sequence = 0;  // of its last file
    std::string paths = {};     // of the bytes of its files: a serialised Progress
    job_owner owner = {};
};

struct new_job {
    std::string id;
    std::string request_id;    // empty: none; each owner's are apart from everybody else's
    std::string request_spec;  // as the caller sent it; what a repeated request_id is compared with
    std::string spec;
    std::int32_t priority = 0;
    micros create_time = 0;
    job_owner owner = {};
};

// A file that came to its end. The store gives it its sequence number.
struct finished_file {
    std::string source;
    bool failed = false;
    bool warned = false;
    std::int64_t bytes_in = 0;
    std::int64_t bytes_out = 0;
    std::string result;
};

struct stored_file {
    std::int64_t sequence = 0;
    std::string result;
};

// What is left of a run that was cut short.
struct stored_history {
    std::vector<std::string> finished;  // sources
    std::vector<jobs::prepared_file> prepared;
    job_counters counters;  // of the finished files
    bool warned = false;
    std::string paths = {};  // of the finished files' bytes
};

struct job_end {
    jobs::job_state state = jobs::job_state::succeeded;
    jobs::problem error = {};
    bool warned = false;
    job_counters counters = {};
    micros end_time = 0;
};

}  // namespace peerpress::server
