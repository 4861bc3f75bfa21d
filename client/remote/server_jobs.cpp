#include "client/remote/server_jobs.hpp"

#include "client/remote/convert.hpp"
#include "client/remote/job_watch.hpp"

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

namespace peerpress::client {
namespace {

std::string working_directory() {
    return std::filesystem::current_path().string();
}

// Cancels a job once its owner is interrupted, on a thread of its own: the one that takes signals
// must stay free for the second. Ends with its owner.
class canceller {
public:
    canceller(server_connection& server, const std::string& name, std::stop_token interrupted)
        : thread_([this, &server, name, interrupted](const std::stop_token& ended) {
              wait(interrupted, ended);
              if (ended.stop_requested()) return;
              try {
                  server.cancel_job(name);
              } catch (const server_error&) {
                  // The watch meets the same server and says what became of it.
              }
          }) {}

private:
    void wait(const std::stop_token& interrupted, const std::stop_token& ended) {
        const std::stop_callback wake(ended, [this] {
            const std::lock_guard lock(mutex_);
            changed_.notify_all();
        });
        std::unique_lock lock(mutex_);
        changed_.wait(lock, interrupted, [&ended] { return ended.stop_requested(); });
    }

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::jthread thread_;  // last: it uses the others
};

}  // namespace

jobs::problem server_jobs::check(const job_request& request) {
    server_->create_job(to_message(request, working_directory()), true);
    return {};
}

std::string server_jobs::submit(const job_request& request) {
    return server_->create_job(to_message(request, working_directory()), false).name();
}

job_end server_jobs::run(const job_request& request, job_listener& listener,
                         const interruption& interrupted) {
    const std::string name = submit(request);
    const canceller on_interrupt(*server_, name, interrupted.cancelled());
    const auto job = watch_job(*server_, name, listener, interrupted.detached());
    if (!job) return {.outcome = {}, .job = name, .detached = true};
    return {.outcome = outcome_of(*job), .job = name, .detached = false};
}

}  // namespace peerpress::client
