#include "server/job_store.hpp"

#include "server/refusal.hpp"

#include <fmt/format.h>

#include <cassert>
#include <variant>

namespace peerpress::server {

namespace {

// One transaction answers so many requests at most, so that the first of them does not wait for
// ever.
constexpr std::size_t batch_max = 256;

}  // namespace

template <class Result>
class job_store::typed_request final : public request {
public:
    using handler = asio::any_completion_handler<void(std::exception_ptr, Result)>;
    using work_function = std::function<Result(sqlite::database&)>;

    typed_request(handler on_done, asio::any_io_executor executor, work_function work)
        : handler_(std::move(on_done)),
          executor_(asio::prefer(executor, asio::execution::outstanding_work.tracked)),
          work_(std::move(work)) {}

    void run(sqlite::database& db) override {
        error_ = nullptr;
        try {
            result_ = work_(db);
        } catch (const refusal&) {
            // An answer like any other: refusals are thrown before anything is written.
            error_ = std::current_exception();
        }
    }
    void fail(std::exception_ptr error) override { error_ = std::move(error); }
    void answer() override {
        if (error_) result_ = Result{};
        auto deliver = [handler = std::move(handler_), error = std::move(error_),
                        result = std::move(result_)]() mutable {
            std::move(handler)(std::move(error), std::move(result));
        };
        asio::post(executor_, std::move(deliver));
    }

private:
    handler handler_;
    asio::any_io_executor executor_;
    work_function work_;
    Result result_{};
    std::exception_ptr error_;
};

template <class Result>
awaitable<Result> job_store::ask(std::function<Result(sqlite::database&)> work) {
    const asio::any_io_executor executor = co_await asio::this_coro::executor;
    auto initiate = [](auto handler, job_store* store, asio::any_io_executor executor,
                       std::function<Result(sqlite::database&)> work) {
        store->submit(std::make_unique<typed_request<Result>>(
            std::move(handler), std::move(executor), std::move(work)));
    };
    auto answered =
        asio::async_initiate<const asio::use_awaitable_t<>&, void(std::exception_ptr, Result)>(
            initiate, asio::use_awaitable, this, executor, std::move(work));
    co_return co_await std::move(answered);
}

awaitable<> job_store::tell(std::function<void(sqlite::database&)> work) {
    std::function<std::monostate(sqlite::database&)> answered = [work](sqlite::database& db) {
        work(db);
        return std::monostate{};
    };
    co_await ask<std::monostate>(std::move(answered));
}

job_store::job_store(const std::string& directory)
    : db_(open_job_database(directory + "/jobs.sqlite3", notice_)) {
    thread_ = std::thread([this] { serve(); });
}

job_store::~job_store() {
    {
        const std::lock_guard lock(mutex_);
        closing_ = true;
    }
    arrived_.notify_one();
    thread_.join();
}

void job_store::submit(std::unique_ptr<request> request) {
    {
        const std::lock_guard lock(mutex_);
        assert(!closing_ && "the store outlives whoever asks it");
        queue_.push_back(std::move(request));
        waiting_ = queue_.size();
    }
    arrived_.notify_one();
}

void job_store::serve() {
    while (true) {
        batch requests = take();
        if (requests.empty()) return;
        carry_out(requests);
        requests_ += requests.size();
        for (const auto& request : requests) request->answer();
    }
}

job_store::batch job_store::take() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return closing_ || !queue_.empty(); });
    batch taken;
    while (!queue_.empty() && taken.size() < batch_max) {
        taken.push_back(std::move(queue_.front()));
        queue_.pop_front();
    }
    waiting_ = queue_.size();
    return taken;
}

void job_store::carry_out(batch& requests) {
    std::exception_ptr error;
    if (try_together(requests, error)) return;
    if (requests.size() == 1) return requests.front()->fail(error);
    // Somebody's request, or all of them together, could not be stored: let each stand alone, so
    // that a bad one does not take the others with it.
    for (auto& request : requests) {
        batch single;
        single.push_back(std::move(request));
        if (!try_together(single, error)) single.front()->fail(error);
        request = std::move(single.front());
    }
}

bool job_store::try_together(batch& requests, std::exception_ptr& error) {
    try {
        db_->execute("BEGIN");
        for (const auto& request : requests) request->run(*db_);
        db_->execute("COMMIT");
        ++transactions_;
        return true;
    } catch (...) {
        error = std::current_exception();
    }
    try {
        // A full disk may have rolled back already.
        if (db_->in_transaction()) db_->execute("ROLLBACK");
    } catch (const system_error&) {
        // The next BEGIN meets the same trouble and reports it to whoever asks.
    }
    return false;
}

awaitable<created_job> job_store::create(new_job job, jobs::problem admission) {
    std::function<created_job(sqlite::database&)> work =
        [job = std::move(job), admission](auto& db) { return tables::create(db, job, admission); };
    return ask(std::move(work));
}

awaitable<job_record> job_store::get(std::string id, visible_jobs visible) {
    std::function<job_record(sqlite::database&)> work = [id = std::move(id),
                                                         visible = std::move(visible)](auto& db) {
        auto found = tables::find(db, id);
        if (found && is_visible(found->owner, visible)) return *std::move(found);
        throw refusal(
            jobs::reason::job_not_found,
            fmt::format("there is no job jobs/{}: it never was, or was forgotten by age", id),
            {{"job", "jobs/" + id}});
    };
    return ask(std::move(work));
}

awaitable<page<job_record>> job_store::list(job_query query) {
    std::function<page<job_record>(sqlite::database&)> work = [query](auto& db) {
        return tables::list(db, query);
    };
    return ask(std::move(work));
}

awaitable<std::vector<job_record>> job_store::unfinished() {
    std::function<std::vector<job_record>(sqlite::database&)> work = tables::unfinished;
    return ask(std::move(work));
}

awaitable<> job_store::set_state(std::int64_t row, jobs::job_state state) {
    return tell([row, state](auto& db) { tables::set_state(db, row, state); });
}

awaitable<> job_store::set_running(std::int64_t row, micros start_time) {
    return tell([row, start_time](auto& db) { tables::set_running(db, row, start_time); });
}

awaitable<> job_store::set_ended(std::int64_t row, job_end end) {
    return tell([row, end = std::move(end)](auto& db) { tables::set_ended(db, row, end); });
}

awaitable<std::int64_t> job_store::add_finished(std::int64_t row, std::vector<finished_file> files,
                                                std::string paths) {
    std::function<std::int64_t(sqlite::database&)> work = [row, files = std::move(files),
                                                           paths = std::move(paths)](auto& db) {
        return tables::add_finished(db, row, files, paths);
    };
    return ask(std::move(work));
}

awaitable<> job_store::add_prepared(std::int64_t row, std::vector<jobs::prepared_file> files) {
    return tell(
        [row, files = std::move(files)](auto& db) { tables::add_prepared(db, row, files); });
}

awaitable<page<stored_file>> job_store::files(file_query query) {
    std::function<page<stored_file>(sqlite::database&)> work = [query](auto& db) {
        return tables::files(db, query);
    };
    return ask(std::move(work));
}

awaitable<stored_history> job_store::history(std::int64_t row) {
    std::function<stored_history(sqlite::database&)> work = [row](auto& db) {
        return tables::history(db, row);
    };
    return ask(std::move(work));
}

awaitable<bool> job_store::prune_step(tables::prune_policy policy) {
    std::function<bool(sqlite::database&)> work = [policy](auto& db) {
        return tables::prune_step(db, policy);
    };
    return ask(std::move(work));
}

}  // namespace peerpress::server
