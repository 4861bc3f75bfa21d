// The engine's threads. They are shared fairly between flows, by the time they take (fair_queue),
// so that a small job beside a big one waits for the first thread to be done with its chunk.
//
// Started by the constructor; the destructor joins, and every task must have run by then. submit()
// is safe from any thread; a task runs once, on one of the pool's threads, with that thread's
// codecs.
#pragma once

#include "accel/software/fair_queue.hpp"
#include "accel/software/workbench.hpp"

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace peerpress::accel::software {

class task {
public:
    virtual ~task() = default;
    virtual void run(workbench& bench) noexcept = 0;
};

class worker_pool {
public:
    explicit worker_pool(
        std::uint32_t threads);  // throws system_error where a thread cannot be had
    ~worker_pool();

    void submit(io::flow_id flow, std::unique_ptr<task> task);
    std::uint32_t threads() const { return static_cast<std::uint32_t>(threads_.size()); }

private:
    void work(std::stop_token stop);

    std::mutex mutex_;
    std::condition_variable_any filled_;
    fair_queue<std::unique_ptr<task>> queue_;
    std::vector<std::jthread> threads_;  // last: they use the rest
};

}  // namespace peerpress::accel::software
