#include "io/kernel_ring.hpp"

#include "io/asio.hpp"

#include <array>
#include <cerrno>
#include <cstddef>

namespace peerpress::io {

namespace {

void check(int rc, const char* what) {
    if (rc < 0) throw system_error{-rc, boost::system::system_category(), what};
}

// What newer kernels do better, dropped together where one is unknown (before Linux 5.19).
// SUBMIT_ALL: one bad entry does not hold up those behind it. COOP_TASKRUN: no interrupt of a
// running lane to post a completion that it would look at only later. DEFER_TASKRUN would ask every
// reader of an eventfd for one system call more, and ties the ring to the thread that made it.
constexpr std::uint32_t wanted_flags = IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN;

// All that an entry may ask for. What a ring does no filter of system calls sees: without this,
// whoever can write into a ring's memory could open files, connect sockets and run programs through
// it, whatever the process is forbidden.
constexpr std::array<io_uring_op, 8> operations{
    IORING_OP_READ,     IORING_OP_WRITE,   IORING_OP_FSYNC,        IORING_OP_FALLOCATE,
    IORING_OP_POLL_ADD, IORING_OP_TIMEOUT, IORING_OP_ASYNC_CANCEL, IORING_OP_URING_CMD};
static_assert(operations.back() == IORING_OP_URING_CMD);

// For good: registering (buffers, files, other credentials) is not among what is allowed either.
int restrict_to_operations(io_uring& ring, bool commands) {
    std::array<io_uring_restriction, operations.size()> allowed{};
    for (std::size_t index = 0; index < operations.size(); ++index) {
        allowed[index].opcode = IORING_RESTRICTION_SQE_OP;
        allowed[index].sqe_op = static_cast<std::uint8_t>(operations[index]);
    }
    const auto count = static_cast<unsigned>(allowed.size() - (commands ? 0 : 1));
    // liburing 2.3 declares a function for it that its shared library does not have.
    return io_uring_register(static_cast<unsigned>(ring.ring_fd), IORING_REGISTER_RESTRICTIONS,
                             allowed.data(), count);
}

int set_up(io_uring& ring, std::uint32_t entries, std::uint32_t flags) {
    io_uring_params params{};
    params.flags = flags | IORING_SETUP_R_DISABLED;
    params.cq_entries = 2 * entries;
    return io_uring_queue_init_params(entries, &ring, &params);
}

}  // namespace

kernel_ring::kernel_ring(std::uint32_t queue_depth, bool commands, std::optional<int> event_fd) {
    // Each operation may be followed by its cancellation, and both complete: twice the depth of
    // either queue, so that the completion queue cannot overflow. Entries beside these, which bound
    // a wait or end it, are a few at a time.
    const std::uint32_t entries = 2 * queue_depth;
    constexpr std::uint32_t command_flags = IORING_SETUP_SQE128 | IORING_SETUP_CQE32;
    int rc = set_up(ring_, entries,
                    IORING_SETUP_CQSIZE | wanted_flags | (commands ? command_flags : 0u));
    // Linux knows the larger entries since 5.19, as it does some of the others: a kernel that
    // refuses carries files all the same, and no commands.
    if (rc == -EINVAL) rc = set_up(ring_, entries, IORING_SETUP_CQSIZE);
    check(rc, "io_uring_setup");

    try {
        if (event_fd)
            check(io_uring_register_eventfd(&ring_, *event_fd), "io_uring_register_eventfd");
        check(restrict_to_operations(ring_, this->commands()), "IORING_REGISTER_RESTRICTIONS");
        check(io_uring_register(static_cast<unsigned>(ring_.ring_fd), IORING_REGISTER_ENABLE_RINGS,
                                nullptr, 0),
              "IORING_REGISTER_ENABLE_RINGS");
    } catch (...) {
        io_uring_queue_exit(&ring_);
        throw;
    }
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
        if (rc == 0 || !judge(rc)) return false;
    }
    return true;
}

bool kernel_ring::submit_and_wait(std::uint32_t completions) {
    const int rc = io_uring_submit_and_wait(&ring_, completions);
    ++submissions_;
    return judge(rc);
}

bool kernel_ring::judge(int rc) const {
    if (rc == -EAGAIN || rc == -EBUSY || rc == -ENOMEM) return false;
    if (rc != -EINTR) check(rc, "io_uring_submit");
    return true;
}

}  // namespace peerpress::io
