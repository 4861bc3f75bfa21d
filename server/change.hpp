// Wakes coroutines that look at something which changes. A waiter looks first, then waits, then
// looks again; what it waits for may have come several times meanwhile. Single executor: no member
// is thread-safe.
#pragma once

#include "io/asio.hpp"

#include <chrono>
#include <set>

namespace peerpress::server {

class change {
public:
    // One coroutine's place among those that are woken; outlived by the change.
    class listener {
    public:
        listener(change& of, asio::any_io_executor executor);
        listener(const listener&) = delete;
        listener& operator=(const listener&) = delete;
        ~listener();

        // Ends at the next notification, or after `at_most`.
        awaitable<> wait(std::chrono::steady_clock::duration at_most);

    private:
        friend class change;
        change& of_;
        asio::steady_timer timer_;
    };

    void notify();
    std::size_t listeners() const { return listeners_.size(); }

private:
    std::set<listener*> listeners_;
};

}  // namespace peerpress::server
