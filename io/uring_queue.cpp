#include "io/uring_queue.hpp"

#include <sys/eventfd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace peerpress::io {

namespace {

// How soon the kernel is asked again after it had no memory for a submission.
constexpr std::chrono::milliseconds retry_ms{1};

error_code error_of(int result) {
    // ECANCELED is operation_aborted on Linux.
    return result < 0 ? error_code{-result, boost::system::system_category()} : error_code{};
}

int make_eventfd() {
    const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) throw system_error{errno, boost::system::system_category(), "eventfd"};
    return fd;
}

}  // namespace

uring_queue::uring_queue(asio::any_io_executor executor, const uring_options& options)
    : queue_depth_(options.queue_depth),
      event_(executor, make_eventfd()),
      ring_(options.queue_depth, options.commands, event_.native_handle()),
      commands_(ring_.commands()),
      retry_(executor),
      idle_(executor) {
    assert(queue_depth_ > 0 && "nothing could ever be submitted");
}

uring_queue::operation::operation(const io_uring_sqe& prepared, bytes_view command_bytes,
                                  any_handler completed)
    : sqe(prepared), handler(std::move(completed)) {
    std::copy(command_bytes.begin(), command_bytes.end(), command.begin());
}

void uring_queue::start(const io_uring_sqe& sqe, bytes_view command_bytes, any_handler handler) {
    if (closed_) return post_completion(std::move(handler), -ECANCELED, 0);
    if (sqe.opcode == IORING_OP_URING_CMD && !commands_)
        return post_completion(std::move(handler), -EOPNOTSUPP, 0);
    if (command_bytes.size() > command_bytes_max)
        return post_completion(std::move(handler), -EINVAL, 0);

    operation& started = waiting_.emplace_back(sqe, command_bytes, std::move(handler));
    started.self = std::prev(waiting_.end());
    watch_cancellation(started);
    fill_kernel();
}

void uring_queue::watch_cancellation(operation& operation) {
    // The slot is taken from the stored handler: an any_completion_handler has a cancellation state
    // of its own.
    const auto slot =
        std::visit([](auto& handler) { return asio::get_associated_cancellation_slot(handler); },
                   operation.handler);
    if (!slot.is_connected()) return;
    auto connected = slot;
    connected.assign([this, watched = &operation](asio::cancellation_type) { cancel(*watched); });
}

void uring_queue::cancel(operation& operation) {
    if (!operation.given) return complete(operation, -ECANCELED, 0);
    if (std::exchange(operation.cancelled, true)) return;
    io_uring_sqe* const entry = ring_.next_entry();
    if (entry == nullptr) {  // it was a request; the operation ends by itself
        operation.cancelled = false;
        return;
    }
    io_uring_prep_cancel64(entry, reinterpret_cast<std::uintptr_t>(&operation), 0);
    io_uring_sqe_set_data(entry, nullptr);
    submit_this_turn();
}

// In the order of arrival, up to the bound.
void uring_queue::fill_kernel() {
    while (!waiting_.empty() && in_kernel_.size() < queue_depth_ && give(waiting_.front())) {
    }
}

bool uring_queue::give(operation& operation) {
    io_uring_sqe* const entry = ring_.next_entry();
    if (entry == nullptr) {
        submit_this_turn();
        return false;
    }
    *entry = operation.sqe;
    if (commands_) {
        std::byte* const command =
            reinterpret_cast<std::byte*>(entry) + offsetof(io_uring_sqe, addr3);
        if (operation.sqe.opcode == IORING_OP_URING_CMD)
            std::memcpy(command, operation.command.data(), command_bytes_max);
    }
    io_uring_sqe_set_data(entry, &operation);
    operation.given = true;
    ++operations_;
    in_kernel_.splice(in_kernel_.end(), waiting_, operation.self);
    submit_this_turn();
    arm();
    return true;
}

// Behind whatever is ready to run and may start operations of its own: these share the system call.
void uring_queue::submit_this_turn() {
    if (std::exchange(submit_posted_, true)) return;
    asio::post(event_.get_executor(), [self = shared_from_this()] { self->submit(); });
}

void uring_queue::submit() {
    submit_posted_ = false;
    if (!event_.is_open()) return;
    if (ring_.submit()) {
        if (closed_) cancel_all();  // those whose cancellation the kernel did not take before
        return fill_kernel();
    }
    submit_posted_ = true;
    retry_.expires_after(retry_ms);
    retry_.async_wait([self = shared_from_this()](error_code) { self->submit(); });
}

// Only while something is in flight, so that an idle ring does not keep its io_context running.
void uring_queue::arm() {
    if (std::exchange(armed_, true)) return;
    event_.async_read_some(asio::buffer(&event_count_, sizeof event_count_),
                           [self = shared_from_this()](error_code ec, std::size_t) {
                               self->armed_ = false;
                               if (!ec) self->reap();
                           });
}

void uring_queue::reap() {
    ring_.reap([this](const io_uring_cqe& completion) {
        void* const data = io_uring_cqe_get_data(&completion);
        if (data == nullptr) return;  // a cancellation; its operation tells how it went
        complete(*static_cast<operation*>(data), completion.res,
                 commands_ ? completion.big_cqe[0] : 0);
    });
    fill_kernel();
    if (!in_kernel_.empty()) arm();
}

void uring_queue::complete(operation& operation, int result, std::uint64_t value) {
    // A worker thread of the kernel's is interrupted out of a cancelled operation by a signal.
    if (operation.cancelled && result == -EINTR) result = -ECANCELED;
    any_handler handler = std::move(operation.handler);
    // Freed before the handler runs, so that it can start the next operation in the same memory.
    (operation.given ? in_kernel_ : waiting_).erase(operation.self);
    std::visit([](auto& completed) { asio::get_associated_cancellation_slot(completed).clear(); },
               handler);
    post_completion(std::move(handler), result, value);
    if (in_kernel_.empty() && waiting_.empty()) idle_.notify_all();
}

// Posted, not called: a handler may start operations, close the ring or destroy it, and those it
// starts are submitted together with the others of this turn.
void uring_queue::post_completion(any_handler handler, int result, std::uint64_t value) {
    const error_code ec = error_of(result);
    const std::uint32_t count = result < 0 ? 0 : static_cast<std::uint32_t>(result);
    const auto executor = event_.get_executor();
    switch (handler.index()) {
        case 0:
            return asio::post(executor, asio::append(std::get<0>(std::move(handler)), ec,
                                                     static_cast<std::size_t>(count)));
        case 1:
            return asio::post(executor, asio::append(std::get<1>(std::move(handler)), ec));
        default:
            return asio::post(executor, asio::append(std::get<2>(std::move(handler)), ec,
                                                     command_result{count, value}));
    }
}

void uring_queue::close() {
    if (std::exchange(closed_, true)) return;
    while (!waiting_.empty()) complete(waiting_.front(), -ECANCELED, 0);
    cancel_all();
}

// One by one: IORING_ASYNC_CANCEL_ANY would save entries, but is not everywhere, and this happens
// once.
void uring_queue::cancel_all() {
    for (operation& held : in_kernel_) cancel(held);
}

awaitable<> uring_queue::drained() {
    const auto self = shared_from_this();
    while (!in_kernel_.empty() || !waiting_.empty()) co_await idle_.wait();
}

void uring_queue::stop_reaping() {
    assert(in_kernel_.empty() && "a buffer is still owned by the kernel");
    assert(waiting_.empty() && "close() the ring and wait for its operations");
    error_code ignored;
    event_.close(ignored);
    retry_.cancel();
}

}  // namespace peerpress::io
