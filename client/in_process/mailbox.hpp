// Carries a job's file results from the lane's thread to the one that reports them.
#pragma once

#include "client/report/reporter.hpp"
#include "jobs/job_run.hpp"

#include <mutex>
#include <vector>

namespace peerpress::client {

class mailbox final : public jobs::job_observer {
public:
    awaitable<> on_prepared(const std::vector<jobs::prepared_file>& files) override;
    // Waits while the reader is far behind: a terminal that stands still must not fill the memory.
    awaitable<> on_finished(const std::vector<jobs::file_result>& files) override;

    // The reader's thread.
    void deliver(job_listener& listener);

private:
    std::size_t waiting() const;

    mutable std::mutex mutex_;
    std::vector<jobs::file_result> files_;
};

}  // namespace peerpress::client
