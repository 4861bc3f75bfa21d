#include "io/uring.hpp"

#include "io/uring_queue.hpp"

#include <poll.h>

#include <algorithm>

namespace peerpress::io {

namespace {

// Linux moves at most 2 GiB - 4 KiB per call, and an entry has 32 bits for it. Less than that, and
// still a multiple of any alignment: the rest is a short transfer, which is resumed like any other.
constexpr std::size_t transfer_bytes_max = std::size_t{1} << 30;

unsigned transfer_bytes(std::size_t wanted) {
    return static_cast<unsigned>(std::min(wanted, transfer_bytes_max));
}

}  // namespace

uring::uring(asio::any_io_executor executor, uring_options options)
    : options_(options), queue_(uring_queue::make(std::move(executor), options)) {}

uring::~uring() {
    queue_->stop_reaping();
}

asio::any_io_executor uring::get_executor() {
    return queue_->executor();
}
std::uint32_t uring::in_flight() const {
    return queue_->in_flight();
}
std::uint32_t uring::waiting() const {
    return queue_->waiting();
}
uring_counters uring::counters() const {
    return queue_->counters();
}
void uring::close() {
    queue_->close();
}
awaitable<> uring::drained() {
    return queue_->drained();
}

void* uring::allocate(uring_queue& in, std::size_t bytes) {
    return in.allocate(bytes);
}
void uring::free(uring_queue& in, void* memory, std::size_t bytes) {
    in.free(memory, bytes);
}
void uring::start(uring_queue& in, uring_operation& operation, std::size_t command_bytes) {
    in.start(operation, command_bytes);
}
const asio::any_io_executor& uring::executor_of(const uring_queue& queue) {
    return queue.executor();
}

io_uring_sqe uring::read_sqe(int fd, bytes_span into, std::uint64_t offset_bytes) {
    io_uring_sqe sqe{};
    io_uring_prep_read(&sqe, fd, into.data(), transfer_bytes(into.size()), offset_bytes);
    return sqe;
}

io_uring_sqe uring::write_sqe(int fd, bytes_view from, std::uint64_t offset_bytes) {
    io_uring_sqe sqe{};
    io_uring_prep_write(&sqe, fd, from.data(), transfer_bytes(from.size()), offset_bytes);
    return sqe;
}

io_uring_sqe uring::fsync_sqe(int fd, bool data_only) {
    io_uring_sqe sqe{};
    io_uring_prep_fsync(&sqe, fd, data_only ? IORING_FSYNC_DATASYNC : 0u);
    return sqe;
}

io_uring_sqe uring::allocate_sqe(int fd, std::uint64_t offset_bytes, std::uint64_t length_bytes) {
    io_uring_sqe sqe{};
    io_uring_prep_fallocate(&sqe, fd, 0, offset_bytes, length_bytes);
    return sqe;
}

io_uring_sqe uring::wait_sqe(int fd, readiness readiness) {
    io_uring_sqe sqe{};
    io_uring_prep_poll_add(&sqe, fd, readiness == readiness::to_read ? POLLIN : POLLOUT);
    return sqe;
}

io_uring_sqe uring::command_sqe(int fd, std::uint32_t command_op) {
    io_uring_sqe sqe{};
    io_uring_prep_rw(IORING_OP_URING_CMD, &sqe, fd, nullptr, 0, 0);
    sqe.cmd_op = command_op;
    return sqe;
}

}  // namespace peerpress::io
