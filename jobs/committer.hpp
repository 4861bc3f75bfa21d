// Gathers files whose data are written into groups and commits each group at once: many files share
// one flush of the journal, one call of the observer and one fsync per directory.
//
//     expect() -> add(file) | drop()        one per file, by those who transfer
//     run() until close() and all is committed
//
// A group leaves when it is full, when nothing else is on its way, or when its first file has
// waited long enough; a single file never waits. Files gather while the group before them is
// committed. Single executor: no member is thread-safe.
#pragma once

#include "io/event.hpp"
#include "jobs/file_transfer.hpp"

#include <chrono>
#include <cstdint>
#include <vector>

namespace peerpress::jobs {

struct committer_options {
    std::size_t group_files_max = 128;  // each holds two descriptors
    std::chrono::milliseconds wait_max{50};
};

// What became of a job's files so far.
struct job_tally {
    std::uint64_t done = 0;
    std::uint64_t failed = 0;
    bool warned = false;
    problem first_error = {};
};

class committer {
public:
    committer(asio::any_io_executor executor, opener& opener, const job_context& context,
              committer_options options = {});

    void expect();
    // Waits while a full group waits to be committed. The file is dropped once stopped.
    awaitable<> add(finished_file file);
    void drop();

    // Nothing more is expected once all that is has come.
    void close();
    // Gives up what has been gathered; the group under way is still committed.
    void stop();

    // Throws what the observer throws; the committer is stopped then.
    awaitable<> run();

    const job_tally& tally() const { return tally_; }
    bool dropped_any() const { return dropped_any_; }

private:
    using group = std::vector<finished_file>;

    bool ready() const;
    void wake();
    awaitable<> wait_for_group();
    awaitable<> commit(group files);
    awaitable<> seal(group& files);
    awaitable<> sync_data(group& files);
    awaitable<> tell_prepared(const group& files);
    awaitable<> publish(group& files);
    awaitable<> remove_sources(group& files);
    awaitable<> tell_finished(group files);
    void count(const file_result& result);
    void tell_step(step done, const std::string& path) const;

    asio::any_io_executor executor_;
    opener& opener_;
    const job_context& context_;
    committer_options options_;
    group gathered_;
    std::chrono::steady_clock::time_point first_added_{};
    std::uint64_t expected_ = 0;
    bool closed_ = false;
    bool stopped_ = false;
    bool dropped_any_ = false;
    job_tally tally_;
    asio::steady_timer wakeup_;
    io::event room_;
};

}  // namespace peerpress::jobs
