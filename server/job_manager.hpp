// Decides which job runs when, and what state each is in.
//
// QUEUED -> RUNNING -> SUCCEEDED | FAILED | PARTIAL
//    \         \-----> CANCELLING -> CANCELLED (or one of the others, if the run was faster)
//     \------------------/
// RUNNING -> QUEUED where a shutdown cut the run short, or another role's process went away.
//
// A new state is durable before anybody hears of it, and a terminal one is the last. Everything
// here belongs to one executor; runs and the store have their own threads and answer to it.
#pragma once

#include "server/change.hpp"
#include "server/job_recorder.hpp"
#include "server/job_request.hpp"
#include "server/job_runner.hpp"
#include "server/job_store.hpp"
#include "server/live_job.hpp"
#include "server/metrics.hpp"
#include "server/quotas.hpp"
#include "server/throughput.hpp"

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>

namespace peerpress::roles {
class role_lost;
}

namespace peerpress::server {

struct manager_options {
    std::size_t running_max = 4;
    std::size_t queued_max = 10000;
    std::uint64_t keep_days = 30;
    std::uint64_t keep_max = 100000;
    spec_limits limits;
    quotas_config quotas = {};
};

class job_manager {
public:
    job_manager(asio::any_io_executor executor, job_store& store, job_runner& runner,
                metrics& metrics, throughput& throughput, manager_options options);

    // Takes up what an earlier daemon left behind. Before anything else, once.
    awaitable<> resume();

    // Throw refusal.
    // Its spec was found to be valid; it runs with `rights`, those of its owner. nullopt: as they
    // are when it begins.
    awaitable<job_view> create(new_job job, std::optional<jobs::rights> rights);
    // A job that is not visible is none: job_not_found.
    awaitable<job_view> get(std::string id, visible_jobs visible);
    awaitable<job_view> cancel(std::string id, visible_jobs visible);
    awaitable<page<job_view>> list(job_query query);
    awaitable<page<stored_file>> files(file_query query) { return store_.files(query); }

    // nullptr where it has ended, or never was.
    std::shared_ptr<live_job> find_live(const std::string& id) const;

    void drain();         // no new jobs, and none is started any more
    void stop_running();  // draining: runs are cut short and go back to the queue
    void close();         // draining: whoever watches stops
    bool draining() const { return draining_; }
    bool closing() const { return closing_; }
    change& close_change() { return close_; }
    awaitable<> wait_until_idle();  // nothing runs

    // Of whoever watches. Throws refusal.
    quotas::watch begin_watch(const job_owner& owner) { return quotas_.begin_watch(owner); }

    const spec_limits& limits() const { return options_.limits; }
    std::size_t queued() const { return queue_.size(); }
    std::size_t running() const { return running_; }

private:
    using live_ptr = std::shared_ptr<live_job>;
    struct first_to_run {
        bool operator()(const live_ptr& a, const live_ptr& b) const;
    };

    std::optional<refusal> admission(const job_owner& owner);
    live_ptr next_to_run() const;
    void take_up(job_record record);
    void enqueue(live_ptr job);
    awaitable<> cancel_begun(live_ptr job, jobs::job_state before);
    void start_next();
    void begin(const live_ptr& job);
    awaitable<> run(live_ptr job);
    awaitable<jobs::job_outcome> run_once(live_ptr job);
    jobs::job_spec spec_in(const job_record& stored) const;
    awaitable<jobs::job_history> recall(live_ptr job);
    // False where a shutdown cut it short: it stays CANCELLING, and the next start goes on.
    awaitable<bool> tidy(live_ptr job);
    void hear(const live_ptr& job, const file_news& news);
    jobs::job_outcome after_loss(live_job& job, const roles::role_lost& gone);
    awaitable<> put_back(live_ptr job, std::string why);
    awaitable<> end(live_ptr job, jobs::job_outcome outcome);
    awaitable<> keep_pruned();
    void spawn(awaitable<> work);

    asio::any_io_executor executor_;
    job_store& store_;
    job_runner& runner_;
    metrics& metrics_;
    throughput& throughput_;
    manager_options options_;
    quotas quotas_{options_.quotas, metrics_};

    std::unordered_map<std::string, live_ptr> live_;
    std::set<live_ptr, first_to_run> queue_;
    std::size_t creating_ = 0;  // admitted, not yet durable
    std::size_t running_ = 0;
    bool draining_ = false;
    bool stopping_ = false;
    bool closing_ = false;
    std::stop_source stop_tidying_;
    change idle_;
    change close_;
};

}  // namespace peerpress::server
