// Where jobs are carried out, behind a seam so that the manager can be tested without files.
#pragma once

#include "jobs/job_run.hpp"
#include "jobs/opener.hpp"
#include "jobs/path_planner.hpp"
#include "jobs/rights.hpp"
#include "server/job_owner.hpp"

namespace peerpress::server {

struct run_context {
    std::string name;              // the job's
    bool resumed = false;          // an earlier run was cut short, perhaps killed
    jobs::job_observer& observer;  // called on the runner's executor
    jobs::job_progress& progress;
    std::stop_token stop;
    jobs::job_history history;
    job_owner owner = {};
    std::optional<jobs::rights> rights = {};  // nullopt: the owner's, as they are now
};

class job_runner {
public:
    virtual ~job_runner() = default;

    // All that `context` refers to outlives the run. What it throws fails the job.
    virtual awaitable<jobs::job_outcome> run(jobs::job_spec spec, run_context context) = 0;

    // Removes what earlier runs left of a job that has been cancelled.
    virtual awaitable<> tidy(jobs::job_spec spec, run_context context) = 0;
};

// How an owner's rights are found again after a restart: on an opener's thread, so that it may
// block. Throws problem_error where they are gone.
using owners_rights = std::function<jobs::rights(const job_owner&)>;
jobs::rights rights_of_local(const job_owner& owner);

// What a runner needs to know to act for others.
struct acting_rules {
    owners_rights rights_of = rights_of_local;
    std::vector<std::string> out_of_bounds = {};
    // Told of each file, on an opener's thread.
    std::function<void(const job_owner&, const std::string& job, const jobs::access&)> on_access =
        {};
    // Empty: files are opened in this process.
    std::function<std::unique_ptr<jobs::opener>(jobs::opener_options)> make_opener = {};
};

// Runs jobs on a lane, each with its own share of the lane's slots.
class lane_job_runner : public job_runner {
public:
    explicit lane_job_runner(pipeline::lane& lane, jobs::path_planner* planner = nullptr,
                             jobs::device_rules devices = {},
                             std::uint32_t device_sample_every = 1000, acting_rules acting = {})
        : lane_(lane),
          planner_(planner),
          devices_(std::move(devices)),
          device_sample_every_(device_sample_every),
          acting_(std::move(acting)),
          outputs_(jobs::make_output_registry()) {}

    awaitable<jobs::job_outcome> run(jobs::job_spec spec, run_context context) override;
    awaitable<> tidy(jobs::job_spec spec, run_context context) override;

protected:
    // Sees what a job runs with before it does: where a test puts its hooks and its faults.
    virtual void amend(jobs::job_context&) {}

private:
    jobs::job_context on_lane(run_context context);
    jobs::rights_source rights_of(const run_context& context) const;

    pipeline::lane& lane_;
    jobs::path_planner* planner_;
    jobs::device_rules devices_;
    std::uint32_t device_sample_every_;
    acting_rules acting_;
    std::shared_ptr<jobs::output_registry> outputs_;
};

}  // namespace peerpress::server
