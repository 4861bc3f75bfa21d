#include "io/kernel_ring.hpp"

#include "io/asio.hpp"

#include <cerrno>

namespace peerpress::io {

namespace {

void check(int rc, const char* what) {
    if (rc < 0) throw system_error{-rc, boost::system::system_category(), what};
}

// What newer kernels do better, dropped together where one is unknown (before Linux 5.19).
// SUBMIT_ALL: one bad entry does not hold up those behind it. COOP_TASKRUN: no interrupt of a
// running lane to post a completion that it would look at only later. DEFER_TASKRUN would ask every
// reader of the eventfd for one system call more, and ties the ring to the thread that made it.
constexpr std::uint32_t wanted_flags = IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN;

int set_up(io_uring& ring, std::uint32_t entries, std::uint32_t flags) {
    io_uring_params params{};
    params.flags = flags;
    params.cq_entries = 2 * entries;
    return io_uring_queue_init_params(entries, &ring, &params);
}

}  // namespace

kernel_ring::kernel_ring(std::uint32_t queue_depth, bool commands, int event_fd) {
    // Each operation may be followed by its cancellation, and both complete: twice the depth of
    // either queue, so that the completion queue cannot overflow.
    const std::uint32_t entries = 2 * queue_depth;
    constexpr std::uint32_t command_flags = IORING_SETUP_SQE128 | IORING_SETUP_CQE32;
    int rc = set_up(ring_, entries,
                    IORING_SETUP_CQSIZE | wanted_flags | (commands ? command_flags : 0u));
    // Linux knows the larger entries since 5.19, as it does some of the others: a kernel that
    // refuses carries files all the same, and no commands.
    if (rc == -EINVAL) rc = set_up(ring_, entries, IORING_SETUP_CQSIZE);
    check(rc, "io_uring_setup");

    rc = io_uring_register_eventfd(&ring_, event_fd);
    if (rc < 0) io_uring_queue_exit(&ring_);
    check(rc, "io_uring_register_eventfd");
}

io_uring_sqe* kernel_ring::next_entry() {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    if (entry == nullptr && submit()) entry = io_uring_get_sqe(&ring_);
    return entry;
}

bool kernel_ring::submit() {
    // More than one round where the kernel stops behind an entry it refuses (no SUBMIT_ALL).
    while (io_uring_sq_ready(&ring_) > 0) {
        const int rc = io_uring_submit(&ring_);
        ++submissions_;
        if (rc == -EINTR) continue;
        if (rc == 0 || rc == -EAGAIN || rc == -EBUSY || rc == -ENOMEM) return false;
        check(rc, "io_uring_submit");
    }
    return true;
}

}  // namespace peerpress::io
