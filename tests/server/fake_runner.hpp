// A job runner that takes orders: each run waits until it is told how to end, or is asked to stop.
// Orders may be given from any thread, before or during a run; a job is known by its first source.
#pragma once

#include "roles/role_lost.hpp"
#include "server/job_runner.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace peerpress::test {

class fake_runner final : public server::job_runner {
public:
    // --- orders

    void end(const std::string& job, jobs::job_outcome outcome = {}) {
        const std::lock_guard lock(mutex_);
        ends_[job] = std::move(outcome);
    }
    // Reports these files, in this order, once the job runs.
    void report(const std::string& job, std::vector<jobs::file_result> files) {
        const std::lock_guard lock(mutex_);
        auto& waiting = reports_[job];
        waiting.insert(waiting.end(), files.begin(), files.end());
    }
    void prepare(const std::string& job, jobs::prepared_file file) {
        const std::lock_guard lock(mutex_);
        prepared_[job].push_back(std::move(file));
    }
    void ignore_stops(const std::string& job) {
        const std::lock_guard lock(mutex_);
        deaf_.insert(job);
    }
    void fail_next(std::string what) {
        const std::lock_guard lock(mutex_);
        throws_ = std::move(what);
    }

    // The next `runs` of a job come to their end because another process went away.
    void lose(const std::string& job, int runs) {
        const std::lock_guard lock(mutex_);
        lost_[job] = runs;
    }

    // --- what happened

    std::vector<std::string> started() const {
        const std::lock_guard lock(mutex_);
        return started_;
    }
    // Those of which what earlier runs left was removed.
    std::vector<std::string> tidied() const {
        const std::lock_guard lock(mutex_);
        return tidied_;
    }
    std::size_t running_max() const {
        const std::lock_guard lock(mutex_);
        return running_max_;
    }
    std::map<std::string, jobs::job_spec> specs() const {
        const std::lock_guard lock(mutex_);
        return specs_;
    }
    // What the last run's history said of a source.
    bool knew_finished(const std::string& job, const std::string& source) const {
        const std::lock_guard lock(mutex_);
        return histories_.at(job).finished(source);
    }
    std::optional<jobs::prepared_file> knew_prepared(const std::string& job,
                                                     const std::string& source) const {
        const std::lock_guard lock(mutex_);
        return histories_.at(job).prepared(source);
    }

    awaitable<jobs::job_outcome> run(jobs::job_spec spec, server::run_context context) override {
        const std::string job = spec.sources.front();
        begin(job, spec, context);
        asio::steady_timer pause(co_await asio::this_coro::executor);
        std::optional<jobs::job_outcome> outcome;
        while (!outcome) {
            const std::vector<jobs::prepared_file> prepared = take(prepared_, job);
            if (!prepared.empty()) co_await context.observer.on_prepared(prepared);
            const std::vector<jobs::file_result> files = take(reports_, job);
            if (!files.empty()) {
                count(context.progress, files);
                co_await context.observer.on_finished(files);
            }
            if (take_loss(job)) throw roles::role_lost("the opener went away");
            outcome = ending(job, context.stop);
            if (outcome) break;
            pause.expires_after(std::chrono::milliseconds(1));
            co_await pause.async_wait(asio::use_awaitable);
        }
        const std::lock_guard lock(mutex_);
        --running_;
        co_return *outcome;
    }

    awaitable<> tidy(jobs::job_spec spec, server::run_context) override {
        const std::lock_guard lock(mutex_);
        tidied_.push_back(spec.sources.front());
        co_return;
    }

private:
    void begin(const std::string& job, const jobs::job_spec& spec,
               const server::run_context& context) {
        const std::lock_guard lock(mutex_);
        started_.push_back(job);
        specs_[job] = spec;
        histories_[job] = context.history;
        if (throws_) throw std::runtime_error(*std::exchange(throws_, std::nullopt));
        running_max_ = std::max(running_max_, ++running_);
    }

    template <class File>
    std::vector<File> take(std::map<std::string, std::vector<File>>& from, const std::string& job) {
        const std::lock_guard lock(mutex_);
        return std::exchange(from[job], {});
    }

    bool take_loss(const std::string& job) {
        const std::lock_guard lock(mutex_);
        if (lost_[job] == 0) return false;
        --lost_[job];
        --running_;
        return true;
    }

    std::optional<jobs::job_outcome> ending(const std::string& job, const std::stop_token& stop) {
        const std::lock_guard lock(mutex_);
        if (const auto told = ends_.find(job); told != ends_.end() && reports_[job].empty())
            return told->second;
        if (stop.stop_requested() && !deaf_.contains(job)) {
            return jobs::job_outcome{.state = jobs::job_state::cancelled};
        }
        return std::nullopt;
    }

    static void count(jobs::job_progress& progress, const std::vector<jobs::file_result>& files) {
        for (const auto& file : files) {
            ++progress.files_total;
            ++(file.error ? progress.files_failed : progress.files_done);
            progress.bytes_total += file.bytes_in;
            progress.bytes.bytes_in += file.bytes_in;
            progress.bytes.bytes_out += file.bytes_out;
        }
    }

    mutable std::mutex mutex_;
    std::map<std::string, jobs::job_outcome> ends_;
    std::map<std::string, std::vector<jobs::file_result>> reports_;
    std::map<std::string, std::vector<jobs::prepared_file>> prepared_;
    std::map<std::string, int> lost_;
    std::set<std::string> deaf_;
    std::optional<std::string> throws_;
    std::vector<std::string> started_;
    std::vector<std::string> tidied_;
    std::map<std::string, jobs::job_spec> specs_;
    std::map<std::string, jobs::job_history> histories_;
    std::size_t running_ = 0;
    std::size_t running_max_ = 0;
};

}  // namespace peerpress::test
