// The queue and the history of jobs, in SQLite, so that what has been acknowledged survives a
// crash.
//
// A thread of its own owns the connection. Requests that have queued up meanwhile share one
// transaction, and with it one fsync; each is answered, on the executor that awaits it, once that
// transaction is durable. An answer is therefore never taken back. Requests are carried out in the
// order in which they were made.
#pragma once

#include "io/asio.hpp"
#include "server/job_tables.hpp"

#include <boost/asio/any_completion_handler.hpp>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace peerpress::server {

class job_store {
public:
    // Opens or creates directory/jobs.sqlite3. A damaged database is set aside (see notice()); one
    // from a newer version is refused. Throws refusal or system_error, with the file's name.
    explicit job_store(const std::string& directory);
    job_store(const job_store&) = delete;
    job_store& operator=(const job_store&) = delete;
    ~job_store();  // carries out what has been asked for; the executors of its callers must still
                   // live

    // What the operator has to be told about the opening; empty where all was well.
    const std::string& notice() const { return notice_; }

    // Each throws refusal, or system_error with sqlite::category().
    awaitable<created_job> create(new_job job, jobs::problem admission);
    awaitable<job_record> get(std::string id, visible_jobs visible = everybodys_jobs);
    awaitable<page<job_record>> list(job_query query);
    awaitable<std::vector<job_record>> unfinished();
    awaitable<> set_state(std::int64_t row, jobs::job_state state);
    awaitable<> set_running(std::int64_t row, micros start_time);
    awaitable<> set_ended(std::int64_t row, job_end end);
    awaitable<std::int64_t> add_finished(std::int64_t row, std::vector<finished_file> files,
                                         std::string paths = {});
    awaitable<> add_prepared(std::int64_t row, std::vector<jobs::prepared_file> files);
    awaitable<page<stored_file>> files(file_query query);
    awaitable<stored_history> history(std::int64_t row);
    awaitable<bool> prune_step(tables::prune_policy policy);

    // For metrics, from any thread.
    std::uint64_t transactions() const { return transactions_; }
    std::uint64_t requests() const { return requests_; }
    std::size_t waiting() const { return waiting_; }

private:
    class request {
    public:
        virtual ~request() = default;
        // May run more than once: a transaction that fails is repeated request by request.
        virtual void run(sqlite::database& db) = 0;
        virtual void fail(std::exception_ptr error) = 0;
        virtual void answer() = 0;
    };
    template <class Result>
    class typed_request;
    using batch = std::vector<std::unique_ptr<request>>;

    template <class Result>
    awaitable<Result> ask(std::function<Result(sqlite::database&)> work);
    awaitable<> tell(std::function<void(sqlite::database&)> work);

    void submit(std::unique_ptr<request> request);
    void serve();
    batch take();
    void carry_out(batch& requests);
    bool try_together(batch& requests, std::exception_ptr& error);

    std::string notice_;
    std::unique_ptr<sqlite::database> db_;

    std::mutex mutex_;
    std::condition_variable arrived_;
    std::deque<std::unique_ptr<request>> queue_;
    bool closing_ = false;

    std::atomic<std::uint64_t> transactions_{0};
    std::atomic<std::uint64_t> requests_{0};
    std::atomic<std::size_t> waiting_{0};
    std::thread thread_;
};

// Opens, checks and migrates; sets what is damaged aside as NAME.corrupt-TIME and says so in
// `notice`.
std::unique_ptr<sqlite::database> open_job_database(const std::string& path, std::string& notice);

}  // namespace peerpress::server
