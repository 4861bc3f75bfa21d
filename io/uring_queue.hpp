// What io/uring consists of behind its templates: operations that wait here, operations the kernel
// holds, and those whose handlers are due.
//
// It is shared between the ring object and whoever completes its operations: a ring_context whose
// thread waits in the ring, or handlers left with a reactor. These may find it after the ring
// object has gone.
#pragma once

#include "io/block_pool.hpp"
#include "io/completion_delay.hpp"
#include "io/event.hpp"
#include "io/kernel_ring.hpp"
#include "io/ring_context.hpp"
#include "io/uring.hpp"

#include <cstdint>
#include <memory>
#include <optional>

namespace peerpress::io {

class uring_queue final : public std::enable_shared_from_this<uring_queue>,
                          public ring_context::waiter {
public:
    static std::shared_ptr<uring_queue> make(asio::any_io_executor executor,
                                             const uring_options& options);
    uring_queue(asio::any_io_executor executor, const uring_options& options,
                ring_context* context);
    ~uring_queue() override;

    const asio::any_io_executor& executor() const { return executor_; }
    std::uint32_t in_flight() const { return static_cast<std::uint32_t>(in_kernel_.size()); }
    std::uint32_t waiting() const { return static_cast<std::uint32_t>(waiting_.size()); }
    uring_counters counters() const { return {operations_, ring_.submissions()}; }

    void* allocate(std::size_t bytes) { return operations_memory_.take(bytes); }
    void free(void* memory, std::size_t bytes) { operations_memory_.give(memory, bytes); }

    void start(uring_operation& operation, std::size_t command_bytes);
    void close();
    awaitable<> drained();
    void stop_reaping();  // at the end: nothing is in flight any more

    void turn(bool may_wait) override;
    bool busy() const override;

private:
    // What an io_context's reactor does for a ring.
    struct reactor_side {
        explicit reactor_side(const asio::any_io_executor& executor);

        asio::posix::stream_descriptor event;  // an eventfd that counts completions
        std::uint64_t count = 0;
        asio::steady_timer retry;
        bool armed = false;
        bool submit_posted = false;
        bool due_posted = false;
    };

    void watch_cancellation(uring_operation& operation);
    void cancel(uring_operation& operation);
    void cancel_all();
    void fill_kernel();
    bool give(uring_operation& operation);
    void submit_this_turn();
    void submit();
    void arm();
    void post_due();
    std::uint32_t reap();  // how many operations
    void complete(uring_operation& operation, int result, std::uint64_t value);
    void call_due();

    void wait();
    bool limit_wait(std::uint32_t together);
    void watch_wake_fd();
    void end_wake_watch();

    std::uint32_t queue_depth_;
    bool delays_;
    bool closed_ = false;
    std::uint64_t operations_ = 0;
    asio::any_io_executor executor_;
    std::unique_ptr<reactor_side> reactor_;  // none where a context's thread waits in the ring
    kernel_ring ring_;
    bool commands_;  // the kernel has them
    // Large enough for an awaiting coroutine's.
    block_pool<384, 256> operations_memory_;
    uring_operation_list waiting_;
    uring_operation_list in_kernel_;
    uring_operation_list due_;  // their handlers, that is
    event idle_;

    // Where a context's thread waits in the ring.
    int wake_fd_ = -1;
    std::uint64_t wake_count_ = 0;  // the kernel writes there
    bool watches_wake_fd_ = false;
    completion_delay delay_;
    __kernel_timespec limit_{};
};

}  // namespace peerpress::io
