#include "server/job_runner.hpp"

#include "jobs/become.hpp"
#include "jobs/problem_error.hpp"
#include "jobs/tidy_job.hpp"

#include <fmt/format.h>
#include <unistd.h>

namespace peerpress::server {

jobs::rights rights_of_local(const job_owner& owner) {
    // The daemon's own user need not be in any database.
    if (owner.uid == ::geteuid()) return {.user = {.uid = owner.uid, .gid = owner.gid}};
    auto user = jobs::find_user(owner.uid, owner.gid);
    if (!user) {
        throw jobs::problem_error(
            {jobs::reason::permission_denied,
             fmt::format("user {}, for whom this job was to run on, is gone", owner.uid)});
    }
    return {.user = *std::move(user)};
}

jobs::rights_source lane_job_runner::rights_of(const run_context& context) const {
    if (context.rights) return [rights = *context.rights] { return rights; };
    return [owner = context.owner, find = acting_.rights_of] { return find(owner); };
}

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
    made.act_for = rights_of(context);
    made.out_of_bounds = acting_.out_of_bounds;
    made.make_opener = acting_.make_opener;
    if (acting_.on_access)
        made.on_access = [tell = acting_.on_access, owner = context.owner,
                          job = "jobs/" + made.name](const jobs::access& seen) {
            tell(owner, job, seen);
        };
    if (context.owner.uid != ::geteuid() && made.devices.refusal.empty())
        made.devices.refusal = "raw devices are copied for the server's own user alone";
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
