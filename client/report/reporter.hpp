// What a command tells its user, whichever way they want it told. Called from one thread at a time.
#pragma once

#include "client/progress_line.hpp"
#include "client/report/job_totals.hpp"
#include "jobs/job_spec.hpp"

#include <memory>
#include <string>

namespace peerpress::client {

// The end of a job.
struct job_summary {
    jobs::operation operation = jobs::operation::compress;
    jobs::job_outcome outcome;
    job_totals totals;
    double elapsed_seconds = 0;
    std::string backend;  // "in process", "server unix:/run/peerpress/peerpressd.sock"
    std::string job;      // jobs/{uuid}; empty in process
    int exit_code = 0;
};

// Where a backend reports a job under way.
class job_listener {
public:
    virtual ~job_listener() = default;
    virtual void on_progress(const progress_sample& sample) = 0;
    virtual void on_file(const jobs::file_result& file) = 0;
};

class reporter : public job_listener {
public:
    virtual void on_summary(const job_summary& summary) = 0;
    // An error that is no file's.
    virtual void on_error(const jobs::problem& problem, int exit_code) = 0;
    // What a user may want to know (-v), or must (a warning).
    virtual void on_note(const std::string& text) = 0;
    virtual void on_warning(const std::string& text) = 0;
};

}  // namespace peerpress::client
