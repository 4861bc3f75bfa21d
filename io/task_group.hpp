// Structured concurrency: children that never outlive their parent's join().
//
//     task_group group(executor, 8);
//     group.spawn(produce(group, ...));  // may itself co_await group.room() and spawn
//     co_await group.join();             // all children have ended; throws the first error among
//     them
//
// What throws between the first spawn() and join() would leave children behind, so work that can
// fail belongs into a child, or its error is handed over with fail(). Single executor: no member is
// thread-safe.
#pragma once

#include "io/asio.hpp"
#include "io/event.hpp"

#include <cstdint>
#include <exception>
#include <limits>

namespace peerpress::io {

class task_group {
public:
    static constexpr std::uint32_t unbounded = std::numeric_limits<std::uint32_t>::max();

    explicit task_group(asio::any_io_executor executor, std::uint32_t live_max = unbounded);
    task_group(const task_group&) = delete;
    task_group& operator=(const task_group&) = delete;
    ~task_group();  // joined

    // Starts `child` (not inside this call). The bound is kept by room(), not here.
    void spawn(awaitable<> child);

    // Waits until fewer than live_max children live, or the group has failed.
    awaitable<> room();

    // Waits until no child lives and rethrows the first error.
    awaitable<> join();

    // Records an error as a child's would be; later ones are dropped.
    void fail(std::exception_ptr error);
    // An error has been recorded: siblings may as well give up.
    bool failed() const { return first_error_ != nullptr; }

    std::uint32_t live() const { return live_; }

private:
    asio::any_io_executor executor_;
    std::uint32_t live_max_;
    std::uint32_t live_ = 0;
    std::exception_ptr first_error_;
    event changed_;  // a child has ended, or an error was recorded
};

}  // namespace peerpress::io
