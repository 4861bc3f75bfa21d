#include "io/event.hpp"

#include <mutex>
#include <utility>

namespace peerpress::io {

namespace {

// The handler is called as it is: an event has one executor, so that to look for the handler's own
// would only cost time.
void post(const asio::any_io_executor& executor, asio::any_completion_handler<void()> woken) {
    asio::post(executor, [woken = std::move(woken)]() mutable { std::move(woken)(); });
}

}  // namespace

// Knows every event of an execution context. A waiting coroutine is owned by the handler in its
// event, and the event often by that same coroutine: without somebody to break the ring, a context
// that is destroyed early would leak both, or leave handlers whose executor is gone.
class event_registry final : public asio::execution_context::service {
public:
    using key_type = event_registry;
    static inline asio::execution_context::id id;

    explicit event_registry(asio::execution_context& context) : service(context) {}

    void add(event& added) {
        const std::lock_guard lock(mutex_);
        added.next_ = first_;
        if (first_ != nullptr) first_->previous_ = &added;
        first_ = &added;
    }

    void remove(event& removed) {
        const std::lock_guard lock(mutex_);
        unlink(removed);
    }

private:
    void unlink(event& removed) {
        if (removed.previous_ != nullptr) removed.previous_->next_ = removed.next_;
        if (removed.next_ != nullptr) removed.next_->previous_ = removed.previous_;
        if (first_ == &removed) first_ = removed.next_;
        removed.previous_ = removed.next_ = nullptr;
    }

    event* pop() {
        const std::lock_guard lock(mutex_);
        event* const popped = first_;
        if (popped != nullptr) {
            unlink(*popped);
            popped->registry_ = nullptr;
        }
        return popped;
    }

    // Destroying one event's waiters may destroy other events, which then take themselves off the
    // list.
    void shutdown() override {
        while (event* const next = pop()) next->abandon();
    }

    std::mutex mutex_;  // events may be made on another thread than the one that runs the executor
    event* first_ = nullptr;
};

event::event(asio::any_io_executor executor)
    : executor_(std::move(executor)),
      registry_(
          &asio::use_service<event_registry>(asio::query(executor_, asio::execution::context))) {
    registry_->add(*this);
}

event::~event() {
    if (registry_ != nullptr) std::exchange(registry_, nullptr)->remove(*this);
    abandon();
}

awaitable<> event::wait() {
    auto initiate = [this](auto handler) {
        // During shutdown the handler is dropped, as the context drops whatever else is pending.
        if (!abandoned()) waiters_.emplace_back(std::move(handler));
    };
    return asio::async_initiate<const asio::use_awaitable_t<>&, void()>(std::move(initiate),
                                                                        asio::use_awaitable);
}

void event::notify_one() {
    if (waiters_.empty()) return;
    waiter woken = std::move(waiters_.front());
    waiters_.pop_front();
    post(executor_, std::move(woken));
}

void event::notify_all() {
    std::list<waiter> woken;
    woken.swap(waiters_);
    for (waiter& each : woken) post(executor_, std::move(each));
}

// The handlers own coroutines, and one of these may own this event: no member is touched once they
// go.
void event::abandon() {
    std::list<waiter> dropped;
    dropped.swap(waiters_);
}

}  // namespace peerpress::io
