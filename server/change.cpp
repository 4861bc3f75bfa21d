#include "server/change.hpp"

namespace peerpress::server {

change::listener::listener(change& of, asio::any_io_executor executor)
    : of_(of), timer_(std::move(executor)) {
    of_.listeners_.insert(this);
}

change::listener::~listener() {
    of_.listeners_.erase(this);
}

awaitable<> change::listener::wait(std::chrono::steady_clock::duration at_most) {
    timer_.expires_after(at_most);
    // A notification ends the wait with operation_aborted, which is as good an end as the other.
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
}

void change::notify() {
    for (listener* waiting : listeners_) waiting->timer_.cancel();
}

}  // namespace peerpress::server
