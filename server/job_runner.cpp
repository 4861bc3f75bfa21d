#include "server/job_runner.hpp"

#include "jobs/tidy_job.hpp"

namespace peerpress::server {

jobs::job_context lane_job_runner::on_lane(run_context context) {
    jobs::job_context made{.lane = lane_,
                           .observer = context.observer,
                           .progress = context.progress,
                           .stop = context.stop,
                           .outputs = outputs_,
                           .history = std::move(context.history)};
    made.name = std::move(context.name);
    made.resumed = context.resumed;
    made.planner = planner_;
    made.devices = devices_;
    made.device_sample_every = device_sample_every_;
    amend(made);
    return made;
}

awaitable<jobs::job_outcome> lane_job_runner::run(jobs::job_spec spec, run_context context) {
    auto work = jobs::run_job(std::move(spec), on_lane(std::move(context)));
    co_return co_await asio::co_spawn(lane_.executor(), std::move(work), asio::use_awaitable);
}

awaitable<> lane_job_runner::tidy(jobs::job_spec spec, run_context context) {
    auto work = jobs::tidy_job(std::move(spec), on_lane(std::move(context)));
    co_await asio::co_spawn(lane_.executor(), std::move(work), asio::use_awaitable);
}

}  // namespace peerpress::server
