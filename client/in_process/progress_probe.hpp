// Turns the counters that a lane writes into samples to show.
#pragma once

#include "client/progress_line.hpp"
#include "client/rate_meter.hpp"
#include "jobs/job_spec.hpp"

namespace peerpress::client {

class progress_probe {
public:
    using time_point = std::chrono::steady_clock::time_point;

    explicit progress_probe(time_point start) : start_(start) {}

    progress_sample sample(const jobs::job_progress& progress, time_point now);

private:
    time_point start_;
    rate_meter meter_;
};

}  // namespace peerpress::client
