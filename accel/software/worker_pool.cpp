#include "accel/software/worker_pool.hpp"

#include <cassert>
#include <chrono>

namespace peerpress::accel::software {

worker_pool::worker_pool(std::uint32_t threads) {
    assert(threads > 0);
    threads_.reserve(threads);
    for (std::uint32_t index = 0; index < threads; ++index) {
        threads_.emplace_back([this](std::stop_token stop) { work(stop); });
    }
}

worker_pool::~worker_pool() {
    for (std::jthread& thread : threads_) thread.request_stop();
    threads_.clear();
    assert(queue_.empty() && "a request is still under way");
}

void worker_pool::submit(io::flow_id flow, std::unique_ptr<task> task) {
    {
        const std::lock_guard lock(mutex_);
        queue_.push(flow, std::move(task));
    }
    filled_.notify_one();
}

void worker_pool::work(std::stop_token stop) {
    using clock = std::chrono::steady_clock;
    workbench bench;
    std::unique_lock lock(mutex_);
    while (filled_.wait(lock, stop, [this] { return !queue_.empty(); })) {
        auto next = queue_.pop();
        lock.unlock();
        const clock::time_point started = clock::now();
        next.item->run(bench);
        next.item.reset();
        const auto cost = static_cast<std::uint64_t>((clock::now() - started).count());
        lock.lock();
        queue_.done(next.flow, cost);
    }
}

}  // namespace peerpress::accel::software
