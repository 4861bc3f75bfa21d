#include "jobs/job_run.hpp"

#include "io/open_flow.hpp"
#include "io/task_group.hpp"
#include "jobs/blocking_calls.hpp"
#include "jobs/committer.hpp"
#include "jobs/local_opener.hpp"
#include "jobs/output.hpp"
#include "jobs/path_planner.hpp"
#include "jobs/process_limits.hpp"
#include "jobs/rehearsal.hpp"
#include "jobs/source_scan.hpp"
#include "jobs/tidy_job.hpp"

#include <algorithm>
#include <utility>

namespace peerpress::jobs {
namespace {

// Files opened in one call of the opener.
constexpr std::size_t batch_files_max = 16;

device_rules devices_of(const job_spec& spec, const job_context& context) {
    device_rules rules = context.devices;
    rules.taken = spec.operation == operation::copy;
    rules.force_target = spec.force_device;
    return rules;
}

std::unique_ptr<path_session> paths_of(const job_spec& spec, const job_context& context) {
    if (context.planner == nullptr) return nullptr;
    const bool by_device = context.planner->has_devices() && spec.engine != engine_choice::software;
    if (spec.operation != operation::copy && !by_device) return nullptr;
    return context.planner->begin(spec.via);
}

// What a file is moved in.
std::uint64_t piece_bytes_of(const job_spec& spec) {
    return spec.operation == operation::copy ? chunk_bytes_of(spec) : spec.member_bytes;
}

opener_options opener_options_of(const job_spec& spec, const job_context& context) {
    return {.follow_symlinks = spec.follow_symlinks,
            .overwrite = spec.overwrite,
            .carry_metadata = context.carry_metadata,
            .durable = context.durable,
            .tag = temporary_tag(context.name),
            .resumed = context.resumed,
            .outputs = context.outputs,
            .devices = devices_of(spec, context),
            .act_for = context.act_for,
            .out_of_bounds = context.out_of_bounds,
            .on_access = context.on_access,
            .on_step = context.on_step};
}

std::unique_ptr<opener> make_opener(const job_spec& spec, const job_context& context) {
    opener_options options = opener_options_of(spec, context);
    return context.make_opener ? context.make_opener(std::move(options))
                               : make_local_opener(std::move(options));
}

// A file waiting for its commit holds two descriptors, and two groups may wait; a server runs
// several jobs.
committer_options committer_options_here() {
    committer_options options;
    options.group_files_max = static_cast<std::size_t>(
        std::clamp<std::uint64_t>(open_files_max() / 16, 8, options.group_files_max));
    return options;
}

// How many files are under way: a share of the staging slots each, so that a few large files or
// many small ones fill the pipeline, and no more than that is open, half written, at once.
class admission {
public:
    admission(const job_spec& spec, const pipeline::lane_options& lane)
        : slots_(lane.staging.slots), piece_bytes_(piece_bytes_of(spec)) {}

    std::uint64_t cost(const file_plan& plan) const {
        return std::clamp<std::uint64_t>(plan.size_bytes / piece_bytes_ + 1, 1, slots_);
    }
    // Small files come by the batch: one call to the opener for one of them costs as much as for
    // many.
    bool admits(const file_plan& plan) const {
        const std::uint64_t free = limit() - std::min(used_, limit());
        return used_ == 0 || free >= std::max<std::uint64_t>(cost(plan), batch_files_max);
    }
    bool admits_another(const file_plan& plan) const { return used_ + cost(plan) <= limit(); }
    void enter(std::uint64_t cost) { used_ += cost; }
    void leave(std::uint64_t cost) { used_ -= cost; }

private:
    std::uint64_t limit() const { return 2 * std::max<std::uint64_t>(slots_, batch_files_max); }

    std::uint64_t slots_;
    std::uint64_t piece_bytes_;
    std::uint64_t used_ = 0;
};

enum class aim { outputs, tidiness };

std::optional<pipeline::level_governor> make_governor(const job_spec& spec,
                                                      const job_context& context) {
    const auto options = governor_of(spec, context.lane.engine().parallelism());
    if (!options) return std::nullopt;
    return pipeline::level_governor(*options);
}

class job_runner {
public:
    job_runner(asio::any_io_executor executor, const job_spec& spec, const job_context& context,
               aim aim = aim::outputs);

    awaitable<job_outcome> run();

private:
    awaitable<> scan();
    awaitable<> dispatch();
    awaitable<> transfer_batch(std::vector<file_plan> plans);
    awaitable<> transfer_one(file_plan plan, opened_file opened);
    awaitable<> tidy_batch(std::vector<file_plan> plans);
    awaitable<> commit();
    std::vector<file_plan> take_batch();
    void give_up(const std::vector<file_plan>& plans, std::exception_ptr lost);
    bool stopping() const {
        return context_.stop.stop_requested() || commit_failed_ || opener_lost_ != nullptr;
    }
    job_outcome outcome() const;

    asio::any_io_executor executor_;
    const job_spec& spec_;
    const job_context& context_;
    const aim aim_;
    std::unique_ptr<opener> opener_;
    io::open_flow flow_;
    std::unique_ptr<path_session> paths_;
    std::unique_ptr<blocking_calls> calls_;
    std::optional<pipeline::level_governor> governor_;
    transfer_setting setting_;
    committer committer_;
    file_queue queue_;
    admission admission_;
    io::task_group files_;
    bool commit_failed_ = false;
    std::exception_ptr opener_lost_;
    bool cut_short_ = false;
    std::string half_done_;  // devices
};

job_runner::job_runner(asio::any_io_executor executor, const job_spec& spec,
                       const job_context& context, aim aim)
    : executor_(executor),
      spec_(spec),
      context_(context),
      aim_(aim),
      opener_(make_opener(spec, context)),
      flow_(context.lane.staging()),
      paths_(paths_of(spec, context)),
      calls_(paths_ || spec.operation == operation::copy ? std::make_unique<blocking_calls>(1)
                                                         : nullptr),
      governor_(make_governor(spec, context)),
      setting_{.spec = spec,
               .context = context,
               .flow = flow_.id(),
               .governor = governor_ ? &*governor_ : nullptr,
               .paths = paths_.get(),
               .calls = calls_.get()},
      committer_(executor, *opener_, context, committer_options_here()),
      queue_(executor),
      admission_(spec, context.lane.options()),
      files_(executor) {}

awaitable<job_outcome> job_runner::run() {
    if (aim_ == aim::outputs && needs_rehearsal(spec_)) {
        problem objection = co_await rehearse(setting_, *opener_);
        if (objection) {
            context_.progress.scanning.store(false, std::memory_order_relaxed);
            co_return job_outcome{.state = job_state::failed, .error = std::move(objection)};
        }
    }
    io::task_group parts(executor_);
    parts.spawn(commit());
    parts.spawn(scan());
    parts.spawn(dispatch());
    co_await parts.join();
    co_return outcome();
}

awaitable<> job_runner::scan() {
    source_scan scan(spec_, context_, *opener_, committer_, queue_);
    std::exception_ptr error;
    try {
        co_await scan.run();
    } catch (...) {
        error = std::current_exception();
    }
    context_.progress.scanning.store(false, std::memory_order_relaxed);
    cut_short_ = cut_short_ || context_.stop.stop_requested();
    queue_.end();
    if (error) std::rethrow_exception(error);
}

awaitable<> job_runner::dispatch() {
    while (!queue_.ended() && !stopping()) {
        if (queue_.empty() || !admission_.admits(queue_.front())) {
            co_await queue_.changed().wait();
            continue;
        }
        std::vector<file_plan> plans = take_batch();
        files_.spawn(aim_ == aim::outputs ? transfer_batch(std::move(plans))
                                          : tidy_batch(std::move(plans)));
    }
    if (stopping()) {
        cut_short_ = cut_short_ || !queue_.ended();
        queue_.stop();
        committer_.stop();
    }
    co_await files_.join();
    committer_.close();
    if (opener_lost_) std::rethrow_exception(opener_lost_);
}

std::vector<file_plan> job_runner::take_batch() {
    std::vector<file_plan> plans;
    do {
        admission_.enter(admission_.cost(queue_.front()));
        committer_.expect();
        plans.push_back(queue_.pop());
    } while (plans.size() < batch_files_max && !queue_.empty() &&
             admission_.admits_another(queue_.front()));
    return plans;
}

awaitable<> job_runner::transfer_batch(std::vector<file_plan> plans) {
    std::vector<open_request> requests;
    for (const file_plan& plan : plans) {
        open_request request{.source = plan.source, .output = plan.output, .expected = {}};
        if (plan.prepared) request.expected = {plan.prepared->inode, plan.prepared->bytes_out};
        requests.push_back(std::move(request));
    }
    std::vector<opened_file> opened;
    std::exception_ptr lost;
    try {
        opened = co_await opener_->open(std::move(requests));
    } catch (...) {
        lost = std::current_exception();
    }
    if (lost) co_return give_up(plans, lost);
    for (std::size_t index = 0; index < plans.size(); ++index)
        files_.spawn(transfer_one(std::move(plans[index]), std::move(opened[index])));
}

awaitable<> job_runner::transfer_one(file_plan plan, opened_file opened) {
    const std::uint64_t cost = admission_.cost(plan);
    finished_file file = co_await transfer_file(setting_, std::move(plan), std::move(opened));
    // A file that was cancelled is none that failed: the job may go on with it after a restart.
    if (file.result.error.reason == reason::cancelled) {
        // But of a device that was being overwritten this is the last that is heard.
        for (const problem& said : file.result.warnings)
            if (said.reason == reason::target_not_atomic) half_done_ += "; " + said.message;
        committer_.drop();
    } else {
        co_await committer_.add(std::move(file));
    }
    admission_.leave(cost);
    queue_.changed().notify_all();
}

awaitable<> job_runner::tidy_batch(std::vector<file_plan> plans) {
    std::uint64_t cost = 0;
    std::vector<output_place> places;
    for (file_plan& plan : plans) {
        cost += admission_.cost(plan);
        committer_.drop();
        if (plan.output) places.push_back(*std::move(plan.output));
    }
    std::exception_ptr lost;
    try {
        co_await opener_->tidy(std::move(places));
    } catch (...) {
        lost = std::current_exception();
    }
    admission_.leave(cost);
    if (lost) opener_lost_ = lost;
    queue_.changed().notify_all();
}

// There is no opener any more: the job ends, once the files under way have.
void job_runner::give_up(const std::vector<file_plan>& plans, std::exception_ptr lost) {
    opener_lost_ = std::move(lost);
    for (const file_plan& plan : plans) {
        admission_.leave(admission_.cost(plan));
        committer_.drop();
    }
    queue_.changed().notify_all();
}

awaitable<> job_runner::commit() {
    std::exception_ptr error;
    try {
        co_await committer_.run();
    } catch (...) {
        error = std::current_exception();
    }
    commit_failed_ = error != nullptr;
    queue_.changed().notify_all();
    if (error) std::rethrow_exception(error);
}

job_outcome job_runner::outcome() const {
    const job_tally& tally = committer_.tally();
    const std::uint64_t done = tally.done + context_.history.files_done;
    const std::uint64_t failed = tally.failed + context_.history.files_failed;
    job_outcome outcome{.warned = tally.warned};
    if (context_.stop.stop_requested() && (cut_short_ || committer_.dropped_any())) {
        outcome.state = job_state::cancelled;
        outcome.error = {reason::cancelled, "cancelled; " + std::to_string(done) +
                                                " files were finished before" + half_done_};
        return outcome;
    }
    if (failed == 0) return outcome;
    outcome.state = done > 0 ? job_state::partial : job_state::failed;
    outcome.error = tally.first_error;
    if (!outcome.error) outcome.error = {reason::io_error, "files failed before a restart"};
    if (done + failed > 1)
        outcome.error.message = std::to_string(failed) + " of " + std::to_string(done + failed) +
                                " files failed; the first: " + outcome.error.message;
    return outcome;
}

problem objection_to(const job_spec& spec, const pipeline::lane_options& lane) {
    if (problem found = validate(spec)) return found;
    if (spec.operation == operation::compress && spec.member_bytes > lane.staging.input_bytes)
        return {reason::invalid_argument, "members of " + std::to_string(spec.member_bytes) +
                                              " bytes are larger than a staging slot (" +
                                              std::to_string(lane.staging.input_bytes) + ")"};
    return {};
}

class silent_observer final : public job_observer {
public:
    awaitable<> on_prepared(const std::vector<prepared_file>&) override { co_return; }
    awaitable<> on_finished(const std::vector<file_result>&) override { co_return; }
};

}  // namespace

awaitable<job_outcome> run_job(job_spec spec, job_context context) {
    if (problem found = objection_to(spec, context.lane.options())) {
        context.progress.scanning.store(false, std::memory_order_relaxed);
        co_return job_outcome{.state = job_state::failed, .error = std::move(found)};
    }
    job_runner runner(context.lane.executor(), spec, context);
    co_return co_await runner.run();
}

awaitable<> tidy_job(job_spec spec, job_context context) {
    if (objection_to(spec, context.lane.options())) co_return;
    silent_observer observer;
    job_progress unseen;
    job_context quiet{.lane = context.lane,
                      .observer = observer,
                      .progress = unseen,
                      .stop = context.stop,
                      .outputs = context.outputs};
    quiet.name = context.name;
    quiet.resumed = true;
    quiet.make_opener = context.make_opener;
    quiet.devices = context.devices;
    job_runner runner(context.lane.executor(), spec, quiet, aim::tidiness);
    co_await runner.run();
}

}  // namespace peerpress::jobs
