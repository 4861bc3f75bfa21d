#include "jobs/rehearsal.hpp"

#include "io/task_group.hpp"
#include "jobs/committer.hpp"
#include "jobs/device_change.hpp"
#include "jobs/file_copy.hpp"
#include "jobs/problem_error.hpp"
#include "jobs/source_scan.hpp"

#include <utility>

namespace peerpress::jobs {
namespace {

constexpr std::size_t batch_files_max = 16;

// What is found on the way is told when the files are moved.
class deaf_observer final : public job_observer {
public:
    awaitable<> on_prepared(const std::vector<prepared_file>&) override { co_return; }
    awaitable<> on_finished(const std::vector<file_result>&) override { co_return; }
};

class rehearsal {
public:
    rehearsal(asio::any_io_executor executor, const transfer_setting& setting, opener& opener)
        : executor_(executor),
          setting_(setting),
          opener_(opener),
          quiet_(quiet_context()),
          results_(executor, opener, quiet_),
          queue_(executor) {}

    awaitable<problem> run();

private:
    job_context quiet_context();
    awaitable<> scan();
    awaitable<> look();
    awaitable<> look_at_each();
    std::vector<file_plan> take_batch();
    awaitable<std::vector<opened_file>> open(const std::vector<file_plan>& plans);
    awaitable<problem> objection_to(const file_plan& plan, opened_file opened);

    asio::any_io_executor executor_;
    const transfer_setting& setting_;
    opener& opener_;
    std::stop_source enough_;
    deaf_observer nobody_;
    job_progress unseen_;
    const job_context quiet_;
    committer results_;
    file_queue queue_;
    problem objection_;
};

job_context rehearsal::quiet_context() {
    const job_context& told = setting_.context;
    return {.lane = told.lane,
            .observer = nobody_,
            .progress = unseen_,
            .stop = enough_.get_token(),
            .outputs = nullptr,
            .history = told.history};
}

awaitable<problem> rehearsal::run() {
    const std::stop_callback stop(setting_.context.stop, [this] { enough_.request_stop(); });
    io::task_group parts(executor_);
    parts.spawn(results_.run());
    parts.spawn(scan());
    parts.spawn(look());
    co_await parts.join();
    co_return std::move(objection_);
}

awaitable<> rehearsal::scan() {
    source_scan scan(setting_.spec, quiet_, opener_, results_, queue_);
    std::exception_ptr error;
    try {
        co_await scan.run();
    } catch (...) {
        error = std::current_exception();
    }
    queue_.end();
    results_.close();
    if (error) std::rethrow_exception(error);
}

awaitable<> rehearsal::look() {
    std::exception_ptr error;
    try {
        co_await look_at_each();
    } catch (...) {
        error = std::current_exception();
    }
    if (error) enough_.request_stop();
    queue_.stop();
    if (error) std::rethrow_exception(error);
}

awaitable<> rehearsal::look_at_each() {
    while (!queue_.ended() && !enough_.stop_requested()) {
        if (queue_.empty()) {
            co_await queue_.changed().wait();
            continue;
        }
        const std::vector<file_plan> plans = take_batch();
        std::vector<opened_file> opened = co_await open(plans);
        for (std::size_t index = 0; index < plans.size() && !objection_; ++index)
            objection_ = co_await objection_to(plans[index], std::move(opened[index]));
        if (objection_) enough_.request_stop();
    }
}

std::vector<file_plan> rehearsal::take_batch() {
    std::vector<file_plan> plans;
    while (plans.size() < batch_files_max && !queue_.empty()) plans.push_back(queue_.pop());
    return plans;
}

awaitable<std::vector<opened_file>> rehearsal::open(const std::vector<file_plan>& plans) {
    std::vector<open_request> requests;
    for (const file_plan& plan : plans)
        requests.push_back(
            {.source = plan.source, .output = plan.output, .expected = {}, .rehearsal = true});
    return opener_.open(std::move(requests));
}

awaitable<problem> rehearsal::objection_to(const file_plan& plan, opened_file opened) {
    // Anything else that is wrong with a file is told when it is its turn.
    if (opened.error) co_return problem{};
    working_file work;
    file_result result;
    result.source = plan.source.path();
    if (plan.output) result.destination = plan.output->path();
    step_side side = step_side::unknown;
    const bool copies = setting_.spec.operation == operation::copy;
    problem found;
    try {
        if (copies)
            co_await rehearse_copy(setting_, {.work = work, .result = result, .failed_side = side},
                                   std::move(opened));
        else
            co_await rehearse_change(setting_, work, result, side, std::move(opened));
    } catch (const problem_error& refused) {
        if (refused.problem().reason == reason::p2p_unavailable)
            found = {reason::p2p_unavailable, result.source + ": " + refused.problem().message +
                                                  "; no file was " + (copies ? "copied" : "begun")};
    } catch (const system_error&) {
    }
    co_return found;
}

}  // namespace

bool needs_rehearsal(const job_spec& spec) {
    return spec.via.fallback == fallback::forbid && (spec.recursive || spec.sources.size() > 1);
}

awaitable<problem> rehearse(const transfer_setting& setting, opener& opener) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    rehearsal all(executor, setting, opener);
    co_return co_await all.run();
}

}  // namespace peerpress::jobs
