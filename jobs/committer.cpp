#include "jobs/committer.hpp"

#include "io/task_group.hpp"
#include "jobs/describe.hpp"

#include <algorithm>
#include <utility>

namespace peerpress::jobs {
namespace {

using clock = std::chrono::steady_clock;

// Still on its way: nothing has gone wrong, and there is an output to commit.
bool is_live(const finished_file& file) {
    return file.work && !file.result.error;
}

// Its data have to be made durable, its name be given.
bool is_new(const finished_file& file) {
    return is_live(file) && !file.work->already_published;
}

void fail(finished_file& file, problem error) {
    file.result.error = std::move(error);
    file.work.reset();  // takes the temporary with it
}

awaitable<> sync_one(finished_file& file) {
    std::exception_ptr error;
    try {
        co_await file.work->output_data->sync();
    } catch (...) {
        error = std::current_exception();
    }
    if (error)
        fail(file, describe(error, {.source = file.result.source,
                                    .destination = file.result.destination,
                                    .side = step_side::output}));
}

}  // namespace

committer::committer(asio::any_io_executor executor, opener& opener, const job_context& context,
                     committer_options options)
    : executor_(std::move(executor)),
      opener_(opener),
      context_(context),
      options_(options),
      wakeup_(executor_),
      room_(executor_) {}

void committer::expect() {
    ++expected_;
}

awaitable<> committer::add(finished_file file) {
    while (gathered_.size() >= options_.group_files_max && !stopped_) co_await room_.wait();
    --expected_;
    if (stopped_) {
        dropped_any_ = true;
    } else {
        if (gathered_.empty()) first_added_ = clock::now();
        gathered_.push_back(std::move(file));
    }
    wake();
}

void committer::drop() {
    --expected_;
    dropped_any_ = true;
    wake();
}

void committer::close() {
    closed_ = true;
    wake();
}

void committer::stop() {
    stopped_ = true;
    dropped_any_ = dropped_any_ || !gathered_.empty();
    gathered_.clear();
    room_.notify_all();
    wake();
}

bool committer::ready() const {
    return gathered_.size() >= options_.group_files_max ||
           (!gathered_.empty() &&
            (expected_ == 0 || clock::now() >= first_added_ + options_.wait_max));
}

// run() looks again.
void committer::wake() {
    if (gathered_.size() >= options_.group_files_max || expected_ == 0 || gathered_.size() == 1)
        wakeup_.cancel();
}

awaitable<> committer::wait_for_group() {
    while (!ready() && !(closed_ && expected_ == 0 && gathered_.empty())) {
        wakeup_.expires_at(gathered_.empty() ? clock::time_point::max()
                                             : first_added_ + options_.wait_max);
        constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);
        co_await wakeup_.async_wait(as_tuple);
    }
}

awaitable<> committer::run() {
    std::exception_ptr error;
    try {
        for (;;) {
            co_await wait_for_group();
            if (gathered_.empty()) break;
            group files = std::exchange(gathered_, {});
            room_.notify_all();
            co_await commit(std::move(files));
        }
    } catch (...) {
        error = std::current_exception();
    }
    if (!error) co_return;
    stop();
    // Those who still come must find somebody to count them.
    while (expected_ > 0 || !closed_) co_await wait_for_group();
    std::rethrow_exception(error);
}

awaitable<> committer::commit(group files) {
    co_await seal(files);
    if (context_.durable) co_await sync_data(files);
    co_await tell_prepared(files);
    co_await publish(files);
    co_await remove_sources(files);
    co_await tell_finished(std::move(files));
}

awaitable<> committer::seal(group& files) {
    std::vector<finished_file*> members;
    std::vector<seal_request> requests;
    for (finished_file& file : files) {
        if (!is_new(file)) continue;
        members.push_back(&file);
        requests.push_back({.source = file.work->source,
                            .destination = file.result.destination,
                            .ticket = file.work->ticket.get(),
                            .source_fd = file.work->source_fd,
                            .output_fd = file.work->output_fd,
                            .snapshot = file.work->snapshot,
                            .start_writeback = file.work->small_output});
    }
    if (members.empty()) co_return;
    std::vector<sealed_file> sealed = co_await opener_.seal(std::move(requests));
    for (std::size_t index = 0; index < members.size(); ++index) {
        finished_file& file = *members[index];
        file.result.warnings.insert(file.result.warnings.end(), sealed[index].warnings.begin(),
                                    sealed[index].warnings.end());
        file.work->device = sealed[index].device;
        file.work->inode = sealed[index].inode;
        file.work->source_data.reset();  // nothing is read from it any more
        if (sealed[index].error) fail(file, std::move(sealed[index].error));
    }
}

// All at once: the file system then commits one journal transaction for many files.
awaitable<> committer::sync_data(group& files) {
    io::task_group syncs(executor_);
    for (finished_file& file : files)
        if (is_new(file)) syncs.spawn(sync_one(file));
    co_await syncs.join();
    for (const finished_file& file : files)
        if (is_new(file)) tell_step(step::data_synced, file.result.destination);
}

awaitable<> committer::tell_prepared(const group& files) {
    std::vector<prepared_file> prepared;
    for (const finished_file& file : files) {
        if (!is_new(file)) continue;
        prepared.push_back({.source = file.result.source,
                            .destination = file.result.destination,
                            .device = file.work->device,
                            .inode = file.work->inode,
                            .bytes_in = file.result.bytes_in,
                            .bytes_out = file.result.bytes_out,
                            .crc32 = file.result.crc32});
    }
    if (prepared.empty()) co_return;
    co_await context_.observer.on_prepared(prepared);
    for (const prepared_file& file : prepared) tell_step(step::prepared_told, file.destination);
}

awaitable<> committer::publish(group& files) {
    std::vector<finished_file*> members;
    std::vector<publish_request> requests;
    for (finished_file& file : files) {
        if (!is_live(file)) continue;
        members.push_back(&file);
        requests.push_back({.ticket = file.work->ticket.get(),
                            .output_fd = file.work->output_fd,
                            .drop_cache = file.work->small_output});
    }
    if (members.empty()) co_return;
    std::vector<problem> problems = co_await opener_.publish(std::move(requests));
    for (std::size_t index = 0; index < members.size(); ++index)
        if (problems[index]) fail(*members[index], std::move(problems[index]));
}

// Before the observer hears of the file, so that it hears of a source that could not be removed.
// Who dies in between finds the file among the prepared ones.
awaitable<> committer::remove_sources(group& files) {
    std::vector<finished_file*> members;
    std::vector<remove_request> requests;
    for (finished_file& file : files) {
        if (!is_live(file) || !file.work->remove_source) continue;
        members.push_back(&file);
        requests.push_back({.source = file.work->source, .snapshot = file.work->snapshot});
    }
    if (members.empty()) co_return;
    std::vector<problem> problems = co_await opener_.remove(std::move(requests));
    for (std::size_t index = 0; index < members.size(); ++index)
        if (problems[index]) members[index]->result.warnings.push_back(std::move(problems[index]));
}

awaitable<> committer::tell_finished(group files) {
    std::vector<file_result> results;
    results.reserve(files.size());
    for (finished_file& file : files) {
        count(file.result);
        results.push_back(std::move(file.result));
    }
    // Descriptors, temporaries and claims go before anybody acts on the news.
    files.clear();
    co_await context_.observer.on_finished(results);
    for (const file_result& result : results) tell_step(step::finished_told, result.source);
}

void committer::count(const file_result& result) {
    tally_.warned = tally_.warned || is_warned(result);
    if (result.error) {
        ++tally_.failed;
        if (!tally_.first_error) tally_.first_error = result.error;
        context_.progress.files_failed.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    if (!result.skipped) ++tally_.done;
    context_.progress.files_done.fetch_add(1, std::memory_order_relaxed);
}

void committer::tell_step(step done, const std::string& path) const {
    if (context_.on_step) context_.on_step(done, path);
}

}  // namespace peerpress::jobs
