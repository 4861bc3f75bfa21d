// Finds a job's files: looks at its sources, walks those that are trees, and says of each name what
// is to be done with it. It runs ahead of the work, so that totals are known early, but not further
// than its queue holds.
#pragma once

#include "io/event.hpp"
#include "jobs/committer.hpp"
#include "jobs/file_transfer.hpp"

#include <deque>
#include <map>
#include <string>

namespace peerpress::jobs {

// Files that were found and wait. Single executor.
class file_queue {
public:
    explicit file_queue(asio::any_io_executor executor) : changed_(std::move(executor)) {}

    awaitable<> push(file_plan plan);  // waits while it is full
    void end();                        // no more come
    void stop();                       // what waits is dropped, and what comes

    bool ended() const { return ended_ && plans_.empty(); }
    bool empty() const { return plans_.empty(); }
    const file_plan& front() const { return plans_.front(); }
    file_plan pop();

    io::event& changed() { return changed_; }

private:
    // About 10 MiB of names.
    static constexpr std::size_t plans_max = 50'000;

    std::deque<file_plan> plans_;
    bool ended_ = false;
    bool stopped_ = false;
    io::event changed_;
};

class source_scan {
public:
    // Borrows all of it.
    source_scan(const job_spec& spec, const job_context& context, opener& opener,
                committer& results, file_queue& queue);

    awaitable<> run();

private:
    awaitable<> scan_named(std::string path, source_look look);
    awaitable<> tidy_output_of(std::string path);
    awaitable<> scan_tree(std::string root);
    awaitable<> take_entry(const std::string& root, tree_entry entry);
    awaitable<> take_file(place source, std::uint64_t size_bytes);
    awaitable<> take_removed();
    awaitable<> take_prepared(prepared_file file);
    awaitable<> queue_file(file_plan plan);
    awaitable<> pass_over(const place& source);
    awaitable<> pass_over_aloud(const place& source, problem warning);
    awaitable<> report_failure(std::string path, problem error);
    awaitable<> report(file_result result);
    bool finished_before(const std::string& path);
    bool made_before(const std::string& path);
    // Another source of this job has the same output.
    problem claim_output(const std::string& source, const std::string& output);

    const job_spec& spec_;
    const job_context& context_;
    opener& opener_;
    committer& results_;
    file_queue& queue_;
    std::map<std::string, std::string> outputs_;  // of sources that were named, and of their roots
    std::int64_t started_ns_ = 0;
};

}  // namespace peerpress::jobs
