#include "server/job_manager.hpp"

#include "roles/role_lost.hpp"
#include "server/printable.hpp"
#include "server/refusal.hpp"
#include "server/status.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>

namespace peerpress::server {

namespace {

using jobs::job_state;
using namespace std::chrono_literals;

constexpr auto prune_interval = 1h;
constexpr micros micros_per_day = 86'400'000'000;

const jobs::job_outcome cancelled{.state = job_state::cancelled};

// A store that cannot be written (a full disk) may recover; until then the job has not ended for
// anybody.
constexpr auto store_retry_min = 1s;
constexpr auto store_retry_max = 30s;

// Each time the runner has waited for the role to come back: it does not.
constexpr std::uint32_t lost_runs_max = 5;

}  // namespace

bool job_manager::first_to_run::operator()(const live_ptr& a, const live_ptr& b) const {
    if (a->record.priority != b->record.priority) return a->record.priority > b->record.priority;
    return a->record.row < b->record.row;
}

job_manager::job_manager(asio::any_io_executor executor, job_store& store, job_runner& runner,
                         metrics& metrics, throughput& throughput, manager_options options)
    : executor_(std::move(executor)),
      store_(store),
      runner_(runner),
      metrics_(metrics),
      throughput_(throughput),
      options_(std::move(options)) {}

awaitable<> job_manager::resume() {
    std::vector<job_record> unfinished = co_await store_.unfinished();
    if (!unfinished.empty())
        spdlog::info("{} jobs are taken up again after the restart", unfinished.size());
    for (auto& record : unfinished) take_up(std::move(record));
    start_next();
    spawn(keep_pruned());
}

void job_manager::take_up(job_record record) {
    auto job = std::make_shared<live_job>();
    job->record = std::move(record);
    job->has_history = job->record.start_time.has_value();
    live_.emplace(job->record.id, job);
    if (job->record.state == job_state::cancelling) {
        job->cancel_asked = true;
        begin(job);
        return;
    }
    job->record.state = job_state::queued;
    quotas_.waits(job->record.owner);
    queue_.insert(job);
}

std::optional<refusal> job_manager::admission(const job_owner& owner) {
    if (draining_) {
        return refusal(jobs::reason::draining,
                       "the server is shutting down and takes no new jobs: try again later");
    }
    if (queue_.size() + creating_ >= options_.queued_max) {
        return refusal(jobs::reason::too_many_jobs,
                       fmt::format("{} jobs are waiting (jobs.queued_max): try again later",
                                   options_.queued_max));
    }
    return quotas_.objection_to_job(owner);
}

awaitable<job_view> job_manager::create(new_job job, std::optional<jobs::rights> rights) {
    const job_owner owner = job.owner;
    const std::optional<refusal> refused = admission(owner);
    // It cannot be one that is there already; a flood of them must not reach the store.
    if (refused && job.request_id.empty()) throw *refused;
    const jobs::problem objection = refused ? refused->problem() : jobs::problem{};
    ++creating_;
    quotas_.waits(owner);
    std::exception_ptr error;
    created_job created;
    try {
        created = co_await store_.create(std::move(job), objection);
    } catch (const refusal& e) {
        // The store knows only the problem, not what goes with it.
        const bool ours = refused && e.problem().message == objection.message;
        error = ours ? std::make_exception_ptr(*refused) : std::current_exception();
    } catch (...) {
        error = std::current_exception();
    }
    --creating_;
    quotas_.waits_no_more(owner);
    if (error) std::rethrow_exception(error);
    if (created.existed) {
        const live_ptr live = find_live(created.record.id);
        co_return live ? view_of(*live, std::move(created.record))
                       : job_view{.record = created.record};
    }

    auto live = std::make_shared<live_job>();
    live->record = created.record;
    live->record.spec.clear();
    live->rights = std::move(rights);
    live_.emplace(live->record.id, live);
    enqueue(live);
    co_return view_of(*live, std::move(created.record));
}

void job_manager::enqueue(live_ptr job) {
    quotas_.waits(job->record.owner);
    queue_.insert(std::move(job));
    start_next();
}

std::shared_ptr<live_job> job_manager::find_live(const std::string& id) const {
    const auto found = live_.find(id);
    return found == live_.end() ? nullptr : found->second;
}

awaitable<job_view> job_manager::get(std::string id, visible_jobs visible) {
    job_record stored = co_await store_.get(id, visible);
    // Looked up after the answer: the store answers in order, so that a job that is not live here
    // has its end in what was read.
    const live_ptr live = find_live(id);
    co_return live ? view_of(*live, std::move(stored)) : job_view{.record = std::move(stored)};
}

awaitable<page<job_view>> job_manager::list(job_query query) {
    page<job_record> stored = co_await store_.list(query);
    page<job_view> found{.records = {}, .more = stored.more};
    for (auto& record : stored.records) {
        const live_ptr live = find_live(record.id);
        found.records.push_back(live ? view_of(*live, std::move(record))
                                     : job_view{.record = std::move(record)});
    }
    co_return found;
}

awaitable<job_view> job_manager::cancel(std::string id, visible_jobs visible) {
    const live_ptr job = find_live(id);
    if (job != nullptr && is_visible(job->record.owner, visible) && !job->cancel_asked) {
        job->cancel_asked = true;
        const bool waited = queue_.erase(job) == 1;
        if (waited) quotas_.waits_no_more(job->record.owner);
        const job_state before = std::exchange(job->record.state, job_state::cancelling);
        if (waited && !job->has_history) {
            co_await end(job, cancelled);
        } else {
            co_await cancel_begun(job, before);
        }
    }
    co_return co_await get(std::move(id), visible);
}

awaitable<> job_manager::cancel_begun(live_ptr job, job_state before) {
    std::exception_ptr error;
    try {
        // Durable before the run is told: a crash in between must not bring the job back.
        co_await store_.set_state(job->record.row, job_state::cancelling);
    } catch (...) {
        error = std::current_exception();
    }
    if (error) {
        job->cancel_asked = false;
        job->record.state = before;
        if (before == job_state::queued) enqueue(job);
        std::rethrow_exception(error);
    }
    job->stop.request_stop();
    job->changed.notify();
    if (before == job_state::queued) begin(job);
}

job_manager::live_ptr job_manager::next_to_run() const {
    if (!quotas_.anyone_may_run()) return nullptr;
    const auto found = std::ranges::find_if(
        queue_, [this](const live_ptr& job) { return quotas_.may_run(job->record.owner); });
    return found == queue_.end() ? nullptr : *found;
}

void job_manager::start_next() {
    while (!draining_ && running_ < options_.running_max) {
        const live_ptr job = next_to_run();
        if (job == nullptr) return;
        queue_.erase(job);
        quotas_.waits_no_more(job->record.owner);
        job->record.state = job_state::running;
        job->running_since = std::chrono::steady_clock::now();
        begin(job);
    }
}

// A cancelled job of which an earlier run left something begins beyond running_max: it moves no
// data, and whoever cancelled it waits.
void job_manager::begin(const live_ptr& job) {
    ++running_;
    quotas_.runs(job->record.owner);
    spawn(run(job));
}

awaitable<> job_manager::run(live_ptr job) {
    jobs::job_outcome outcome;
    std::string lost;
    try {
        outcome = co_await run_once(job);
    } catch (const roles::role_lost& gone) {
        lost = gone.what();
        outcome = after_loss(*job, gone);
    } catch (...) {
        outcome = {.state = job_state::failed, .error = to_problem(std::current_exception())};
    }
    const bool stopped = outcome.state == job_state::cancelled && stopping_ && !job->cancel_asked;
    const bool cut_short = stopped || outcome.state == job_state::queued;
    const bool leaves_something = outcome.state == job_state::cancelled && job->has_history;
    if (cut_short) {
        // Made outside the co_await expression, in which g++ 12 destroys such a value twice.
        if (lost.empty()) lost = "stopped for the shutdown";
        co_await put_back(job, std::move(lost));
    } else if (!leaves_something || co_await tidy(job)) {
        outcome.warned = outcome.warned || job->earlier.warned;
        co_await end(job, std::move(outcome));
    }
    --running_;
    quotas_.has_run(job->record.owner);
    start_next();
    if (running_ == 0) idle_.notify();
}

// QUEUED: it goes on from what is durable, as after a restart of this process.
jobs::job_outcome job_manager::after_loss(live_job& job, const roles::role_lost& gone) {
    job.has_history = true;
    if (job.cancel_asked) return cancelled;
    if (++job.lost_runs < lost_runs_max || stopping_) return {.state = job_state::queued};
    return {.state = job_state::failed,
            .error = {jobs::reason::internal,
                      fmt::format("given up after {} runs: {}", job.lost_runs, gone.what())}};
}

awaitable<jobs::job_outcome> job_manager::run_once(live_ptr job) {
    const std::int64_t row = job->record.row;
    jobs::job_history history = co_await recall(job);
    if (job->cancel_asked) co_return cancelled;
    if (!job->record.start_time) job->record.start_time = now_micros();
    co_await store_.set_running(row, *job->record.start_time);
    const job_record stored = co_await store_.get(job->record.id);
    // Cancelled or drained before it began.
    if (job->stop.stop_requested()) co_return cancelled;

    jobs::job_spec spec = spec_in(stored);
    job->changed.notify();

    job_recorder::listener heard = [this, job](const file_news& news) { hear(job, news); };
    job_recorder recorder(store_, row, job->earlier.paths, executor_, std::move(heard));
    const throughput::meter meter(throughput_, spec.operation, job->progress->bytes);
    run_context context{.name = stored.id,
                        .resumed = job->has_history,
                        .observer = recorder,
                        .progress = *job->progress,
                        .stop = job->stop.get_token(),
                        .history = std::move(history),
                        .owner = job->record.owner,
                        .rights = job->rights};
    co_return co_await runner_.run(std::move(spec), std::move(context));
}

jobs::job_spec job_manager::spec_in(const job_record& stored) const {
    v1::JobSpec message;
    if (!message.ParseFromString(stored.spec)) {
        throw refusal(jobs::reason::internal, "the job's spec in the job store is damaged");
    }
    return to_job_spec(message, options_.limits);
}

awaitable<jobs::job_history> job_manager::recall(live_ptr job) {
    if (!job->has_history) co_return jobs::job_history{};
    const stored_history before = co_await store_.history(job->record.row);
    job->earlier = {.counters = before.counters,
                    .paths = from_stored_paths(before.paths),
                    .warned = before.warned};
    co_return to_history(before);
}

awaitable<bool> job_manager::tidy(live_ptr job) {
    try {
        const job_record stored = co_await store_.get(job->record.id);
        jobs::job_spec spec = spec_in(stored);
        job_recorder::listener nobody = [](const file_news&) {};
        job_recorder recorder(store_, job->record.row, {}, executor_, std::move(nobody));
        run_context context{.name = stored.id,
                            .resumed = true,
                            .observer = recorder,
                            .progress = *job->progress,
                            .stop = stop_tidying_.get_token(),
                            .history = {},
                            .owner = job->record.owner,
                            .rights = job->rights};
        co_await runner_.tidy(std::move(spec), std::move(context));
    } catch (const std::exception& e) {
        spdlog::warn("jobs/{}: temporaries of an earlier run may be left: {}", job->record.id,
                     e.what());
    }
    co_return !stop_tidying_.stop_requested();
}

void job_manager::hear(const live_ptr& job, const file_news& news) {
    job->record.sequence = news.sequence;
    job->lost_runs = 0;
    metrics_.files_ended(news.done, news.failed, news.skipped);
    metrics_.bytes_went(news.paths);
    job->changed.notify();
}

awaitable<> job_manager::put_back(live_ptr job, std::string why) {
    spdlog::info("jobs/{}: {}; queued again", job->record.id, printable(why, 500));
    job->record.state = job_state::queued;
    job->running_since.reset();
    job->has_history = true;
    quotas_.waits(job->record.owner);
    job->progress = std::make_shared<jobs::job_progress>();
    queue_.insert(job);
    try {
        co_await store_.set_state(job->record.row, job_state::queued);
    } catch (const system_error& e) {
        // Left as RUNNING, which the next start takes up just so.
        spdlog::warn("jobs/{}: {}", job->record.id, e.what());
    }
    job->changed.notify();
}

awaitable<> job_manager::end(live_ptr job, jobs::job_outcome outcome) {
    const job_end ended{.state = outcome.state,
                        .error = std::move(outcome.error),
                        .warned = outcome.warned,
                        .counters = counters_of(*job->progress) + job->earlier.counters,
                        .end_time = now_micros()};
    auto retry_after = store_retry_min;
    change::listener closing(close_, executor_);
    while (true) {
        std::string trouble;
        try {
            co_await store_.set_ended(job->record.row, ended);
        } catch (const std::exception& e) {
            trouble = e.what();
        }
        if (trouble.empty()) break;
        spdlog::error("jobs/{}: its end cannot be stored ({}); trying again in {} s",
                      job->record.id, trouble, retry_after.count());
        if (stopping_)
            co_return;  // the next start runs the job again, which repeats nothing that is done
        co_await closing.wait(retry_after);
        retry_after = std::min(retry_after * 2, store_retry_max);
    }

    job->record.state = ended.state;
    job->record.error = ended.error;
    job->record.warned = ended.warned;
    job->record.counters = ended.counters;
    job->record.end_time = ended.end_time;
    live_.erase(job->record.id);
    quotas_.wrote(job->record.owner, static_cast<std::uint64_t>(ended.counters.bytes_out));
    metrics_.job_ended(ended.state,
                       ended.end_time - job->record.start_time.value_or(ended.end_time));
    spdlog::info("jobs/{}: {}{}{}", job->record.id, jobs::job_state_name(ended.state),
                 ended.error ? ": " : "", printable(ended.error.message, 500));
    job->changed.notify();
}

void job_manager::drain() {
    draining_ = true;
    if (running_ == 0) idle_.notify();
}

void job_manager::stop_running() {
    draining_ = stopping_ = true;
    for (const auto& [id, job] : live_) job->stop.request_stop();
    stop_tidying_.request_stop();
    close_.notify();
}

void job_manager::close() {
    draining_ = stopping_ = closing_ = true;
    for (const auto& [id, job] : live_) job->changed.notify();
    close_.notify();
}

awaitable<> job_manager::wait_until_idle() {
    change::listener idle(idle_, executor_);
    while (running_ != 0) co_await idle.wait(1s);
}

awaitable<> job_manager::keep_pruned() {
    change::listener closing(close_, executor_);
    while (!stopping_) {
        tables::prune_policy policy{.keep_max = static_cast<std::int64_t>(options_.keep_max)};
        if (options_.keep_days != 0) {
            policy.ended_before =
                now_micros() - static_cast<micros>(options_.keep_days) * micros_per_day;
        }
        try {
            while (!stopping_ && co_await store_.prune_step(policy)) {
            }
        } catch (const std::exception& e) {
            spdlog::warn("old jobs cannot be forgotten: {}", e.what());
        }
        if (!stopping_) co_await closing.wait(prune_interval);
    }
}

void job_manager::spawn(awaitable<> work) {
    asio::co_spawn(executor_, std::move(work), [](std::exception_ptr error) {
        if (error) spdlog::error("a task of the job manager ended: {}", to_problem(error).message);
    });
}

}  // namespace peerpress::server
