// What a command came to that did several things: a job, and streams beside it.
#pragma once

#include "jobs/job_spec.hpp"

namespace peerpress::client {

class outcome_sum {
public:
    void add(const jobs::job_outcome& part);
    void add(const jobs::file_result& file);

    jobs::job_outcome outcome() const;
    int exit_code() const { return jobs::exit_code(outcome()); }

private:
    bool done_ = false;
    bool failed_ = false;
    bool cancelled_ = false;
    bool warned_ = false;
    jobs::problem error_;  // the first
};

}  // namespace peerpress::client
