// One job in a world of its own, and what is to be said of it afterwards: the invariants of
// docs/reliability.md.
#pragma once

#include "jobs/job_run.hpp"
#include "tests/simulation/faults.hpp"
#include "tests/simulation/scenario.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace peerpress::simulation {

struct run_report {
    std::vector<std::string> violations;
    jobs::job_outcome outcome;
    std::vector<jobs::file_result> results;
    bool threw = false;         // the observer did
    bool wrong_output = false;  // something was committed that does not decode to its source
    nanoseconds took{0};        // of virtual time
    std::uint64_t occasions = 0;
    std::uint64_t faults = 0;
    std::uint64_t lies = 0;

    std::string describe() const;
};

struct run_options {
    // Has the last word on the job: for what is to be found wrong.
    std::function<void(jobs::job_context&)> sabotage = [](jobs::job_context&) {};
    // Happens to the tree of sources at a moment of the run; then a source may be as it was before
    // or as it is after, and whatever was committed has to be one of the two as a whole.
    nanoseconds meddled_at{0};
    std::function<void(const std::filesystem::path& tree)> meddle = {};
};

run_report run(const scenario& wanted, faults& faults, const run_options& options = {});

}  // namespace peerpress::simulation
