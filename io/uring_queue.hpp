// What io/uring consists of behind its templates: operations that wait here, operations the kernel
// holds, and the reaper that completes them.
//
// It is shared between the ring object and the handlers it has posted or left with the reactor, so
// that these find it when they run after the ring object has gone.
#pragma once

#include "io/event.hpp"
#include "io/kernel_ring.hpp"
#include "io/uring.hpp"

#include <array>
#include <cstdint>
#include <list>
#include <memory>

namespace peerpress::io {

class uring_queue : public std::enable_shared_from_this<uring_queue> {
public:
    using any_handler = uring::any_handler;

    uring_queue(asio::any_io_executor executor, const uring_options& options);

    asio::any_io_executor executor() { return event_.get_executor(); }
    std::uint32_t in_flight() const { return static_cast<std::uint32_t>(in_kernel_.size()); }
    std::uint32_t waiting() const { return static_cast<std::uint32_t>(waiting_.size()); }

    uring_counters counters() const { return {operations_, ring_.submissions()}; }

    void start(const io_uring_sqe& sqe, bytes_view command_bytes, any_handler handler);
    void close();
    awaitable<> drained();
    void stop_reaping();  // at the end: nothing is in flight any more

private:
    // struct nvme_uring_cmd goes where a 128-byte entry continues: 16 bytes of the first half, all
    // of the second.
    static constexpr std::size_t command_bytes_max = 80;

    struct operation;
    using operation_list = std::list<operation>;
    struct operation {
        operation(const io_uring_sqe& prepared, bytes_view command_bytes, any_handler completed);

        io_uring_sqe sqe;
        std::array<std::byte, command_bytes_max> command{};
        // Never assigned to: Boost 1.81's any_completion_handler recurses without end in its move
        // assignment.
        any_handler handler;
        operation_list::iterator self;  // in waiting_ or in_kernel_
        bool given = false;             // to the kernel, or prepared for it
        bool cancelled = false;
    };

    void watch_cancellation(operation& operation);
    void cancel(operation& operation);
    void cancel_all();
    void fill_kernel();
    bool give(operation& operation);
    void submit_this_turn();
    void submit();
    void arm();
    void reap();
    void complete(operation& operation, int result, std::uint64_t value);
    void post_completion(any_handler handler, int result, std::uint64_t value);

    std::uint32_t queue_depth_;
    bool closed_ = false;
    bool submit_posted_ = false;
    bool armed_ = false;
    std::uint64_t operations_ = 0;
    std::uint64_t event_count_ = 0;
    asio::posix::stream_descriptor event_;  // an eventfd that counts completions
    kernel_ring ring_;
    bool commands_;  // the kernel has them
    asio::steady_timer retry_;
    operation_list waiting_;
    operation_list in_kernel_;
    event idle_;
};

}  // namespace peerpress::io
