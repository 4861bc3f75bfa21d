// Writes down what a running job reports. Its functions run on the lane's executor and end when the
// store has made their news durable; the manager hears of it afterwards, on its own executor.
#pragma once

#include "jobs/job_run.hpp"
#include "server/job_store.hpp"

#include <functional>
#include <unordered_map>
#include <unordered_set>

namespace peerpress::server {

struct file_news {
    std::int64_t sequence = 0;  // of the last file
    std::int64_t done = 0;
    std::int64_t failed = 0;
    std::int64_t skipped = 0;
    std::vector<jobs::path_bytes> paths = {};  // of those that are done
};

class job_recorder final : public jobs::job_observer {
public:
    using listener = std::function<void(const file_news&)>;

    // `paths`: which way the bytes of files went that earlier runs finished.
    job_recorder(job_store& store, std::int64_t row, std::vector<jobs::path_bytes> paths,
                 asio::any_io_executor manager, listener listener)
        : store_(store),
          row_(row),
          paths_(std::move(paths)),
          manager_(std::move(manager)),
          listener_(std::move(listener)) {}

    awaitable<> on_prepared(const std::vector<jobs::prepared_file>& files) override;
    awaitable<> on_finished(const std::vector<jobs::file_result>& files) override;

private:
    void announce(file_news news);

    job_store& store_;
    std::int64_t row_;
    std::vector<jobs::path_bytes> paths_;
    asio::any_io_executor manager_;
    listener listener_;
};

// What a run needs to know of the runs before it; quick, since it is asked for each file.
jobs::job_history to_history(const stored_history& stored);

}  // namespace peerpress::server
