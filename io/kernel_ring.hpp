// The kernel's side of io/uring: one io_uring, whose completions are waited for, or told through an
// eventfd. Knows entries, not operations; no executor. The kernel refuses (EACCES) every kind of
// entry that io/uring does not make.
#pragma once

#include <liburing.h>

#include <cstdint>
#include <optional>

namespace peerpress::io {

class kernel_ring {
public:
    // Room for `queue_depth` operations and as many cancellations of them. With `commands`, entries
    // are of the larger kind where the kernel has it. Throws system_error.
    kernel_ring(std::uint32_t queue_depth, bool commands, std::optional<int> event_fd);
    kernel_ring(const kernel_ring&) = delete;
    kernel_ring& operator=(const kernel_ring&) = delete;
    ~kernel_ring() { io_uring_queue_exit(&ring_); }

    bool commands() const { return (ring_.flags & IORING_SETUP_SQE128) != 0; }
    std::uint64_t submissions() const { return submissions_; }

    // The next free entry, or nullptr while the kernel takes none.
    io_uring_sqe* next_entry();

    // Submits all that was prepared. False where the kernel is short of memory and wants to be
    // asked again later; throws system_error on any other refusal.
    bool submit();

    // The same, and waits for so many completions, by one system call.
    bool submit_and_wait(std::uint32_t completions);

    // Completions that can be reaped now.
    std::uint32_t ready() const { return io_uring_cq_ready(&ring_); }

    // Calls `see(const io_uring_cqe&)` for each completion there is.
    template <class See>
    void reap(See see) {
        for (io_uring_cqe* completion; io_uring_peek_cqe(&ring_, &completion) == 0;) {
            see(*completion);
            io_uring_cqe_seen(&ring_, completion);
        }
    }

private:
    bool judge(int rc) const;

    io_uring ring_{};
    std::uint64_t submissions_ = 0;
};

}  // namespace peerpress::io
