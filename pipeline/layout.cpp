#include "pipeline/layout.hpp"

namespace peerpress::pipeline {

awaitable<> layout::turn(std::uint64_t index) {
    if (index != next_ && !abandoned_) {
        io::event woken(executor_);
        waiting_.emplace(index, &woken);
        while (index != next_ && !abandoned_) co_await woken.wait();
        waiting_.erase(index);
    }
    if (abandoned_) throw system_error{make_error_code(asio::error::operation_aborted)};
}

void layout::pass() {
    ++next_;
    passed_event_.notify_all();
    if (const auto it = waiting_.find(next_); it != waiting_.end()) it->second->notify_all();
}

awaitable<> layout::keep_within(std::uint64_t index, std::uint64_t count) {
    while (index > next_ + count && !abandoned_) co_await passed_event_.wait();
}

void layout::abandon() {
    abandoned_ = true;
    passed_event_.notify_all();
    for (const auto& [index, woken] : waiting_) woken->notify_all();
}

}  // namespace peerpress::pipeline
