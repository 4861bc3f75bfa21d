#include "server/job_runner.hpp"

namespace peerpress::server {

awaitable<jobs::job_outcome> lane_job_runner::run(jobs::job_spec spec, run_context context) {
    jobs::job_context on_lane{.lane = lane_,
                              .observer = context.observer,
                              .progress = context.progress,
                              .stop = context.stop,
                              .outputs = outputs_,
                              .history = std::move(context.history)};
    on_lane.name = std::move(context.name);
    on_lane.resumed = context.resumed;
    on_lane.planner = planner_;
    on_lane.devices = devices_;
    auto work = jobs::run_job(std::move(spec), std::move(on_lane));
    co_return co_await asio::co_spawn(lane_.executor(), std::move(work), asio::use_awaitable);
}

}  // namespace peerpress::server
