// A job that has not ended, as the manager has it in memory.
#pragma once

#include "jobs/rights.hpp"
#include "server/change.hpp"
#include "server/convert.hpp"
#include "server/job_counters.hpp"
#include "server/job_record.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>

namespace peerpress::server {

// Everything but `progress` and `stop` belongs to the manager's executor.
struct live_job {
    // Its spec stays in the store: ten thousand waiting jobs may name a great many files.
    job_record record;
    // Those its owner had when asking for it; nullopt after a restart: looked up anew.
    std::optional<jobs::rights> rights;
    bool has_history = false;  // an earlier run was cut short
    earlier_runs earlier;

    // Of this run. A run begins with a new one, so that it is shared with who may still look.
    std::shared_ptr<jobs::job_progress> progress = std::make_shared<jobs::job_progress>();
    std::uint32_t lost_runs = 0;  // another role's process went away under them
    std::optional<std::chrono::steady_clock::time_point> running_since;
    std::stop_source stop;
    bool cancel_asked = false;  // by a client; else a stop means: go on after the next start

    change changed;  // state, sequence; progress changes all the time and notifies nobody
};

// `stored` with what has happened since.
job_view view_of(const live_job& job, job_record stored);

}  // namespace peerpress::server
