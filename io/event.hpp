// Wakes coroutines that wait for a change, on one executor.
//
// An event has no memory: wait() ends at the next notification, so a waiter looks at its condition
// first, and again afterwards. Woken coroutines are posted, never resumed inside the call that
// wakes them. An event may outlive its execution context: the context takes the coroutines that
// still wait with it. Single executor: no member is thread-safe.
#pragma once

#include "io/asio.hpp"

#include <boost/asio/any_completion_handler.hpp>

#include <cstddef>
#include <list>

namespace peerpress::io {

class event_registry;

class event {
public:
    explicit event(asio::any_io_executor executor);
    event(const event&) = delete;
    event& operator=(const event&) = delete;
    ~event();  // coroutines that still wait are destroyed

    awaitable<> wait();

    void notify_one();  // the one that has waited longest
    void notify_all();

    std::size_t waiting() const { return waiters_.size(); }
    // The execution context has been shut down; nobody waits, and nobody will ever be woken.
    bool abandoned() const { return registry_ == nullptr; }

private:
    friend class event_registry;
    using waiter = asio::any_completion_handler<void()>;

    void abandon();

    asio::any_io_executor executor_;
    event_registry* registry_;
    // The registry's list of events.
    event* previous_ = nullptr;
    event* next_ = nullptr;
    // Empty ones take no memory, and any_completion_handler must not be moved about.
    std::list<waiter> waiters_;
};

}  // namespace peerpress::io
