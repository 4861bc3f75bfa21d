// How many calls are under way, so that a shutdown can wait until their statuses are on their way.
//
// gRPC's own wait is for connections: it says goodbye to them first, and a connection closes behind
// its last status so fast that a client which is just sending sees the broken connection instead.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <utility>

namespace peerpress::server {

// Safe from any thread.
class open_calls {
public:
    // One call; what serves it holds this until gRPC is done with it.
    class ticket {
    public:
        explicit ticket(open_calls& of) : of_(&of) { of.enter(); }
        ticket(ticket&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
        ticket& operator=(ticket&&) = delete;
        ~ticket() {
            if (of_ != nullptr) of_->leave();
        }

    private:
        open_calls* of_;
    };

    std::size_t count() const {
        const std::lock_guard lock(mutex_);
        return count_;
    }

    // Blocks. False where calls are left after that time.
    bool wait_for_none(std::chrono::milliseconds at_most) const {
        std::unique_lock lock(mutex_);
        return none_.wait_for(lock, at_most, [this] { return count_ == 0; });
    }

private:
    void enter() {
        const std::lock_guard lock(mutex_);
        ++count_;
    }
    void leave() {
        const std::lock_guard lock(mutex_);
        // Under the lock: whoever waits may take the object away once there are none.
        if (--count_ == 0) none_.notify_all();
    }

    mutable std::mutex mutex_;
    mutable std::condition_variable none_;
    std::size_t count_ = 0;
};

}  // namespace peerpress::server
