#include "io/task_group.hpp"

#include <cassert>
#include <utility>

namespace peerpress::io {

task_group::task_group(asio::any_io_executor executor, std::uint32_t live_max)
    : executor_(std::move(executor)), live_max_(live_max), changed_(executor_) {
    assert(live_max > 0 && "no child could ever start");
}

task_group::~task_group() {
    assert((live_ == 0 || changed_.abandoned()) && "a child outlives its group: join() first");
}

void task_group::spawn(awaitable<> child) {
    ++live_;
    asio::co_spawn(executor_, std::move(child), [this](std::exception_ptr error) {
        --live_;
        if (error) fail(std::move(error));
        // Nobody waits for any other number: a group may have many children, and its parent waits
        // for all of them.
        if (live_ == 0 || live_ + 1 == live_max_) changed_.notify_all();
    });
}

awaitable<> task_group::room() {
    while (live_ >= live_max_ && !failed()) co_await changed_.wait();
}

awaitable<> task_group::join() {
    while (live_ > 0) co_await changed_.wait();
    if (first_error_) std::rethrow_exception(first_error_);
}

void task_group::fail(std::exception_ptr error) {
    if (failed()) return;
    first_error_ = std::move(error);
    changed_.notify_all();
}

}  // namespace peerpress::io
