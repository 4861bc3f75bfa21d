#include "io/uring_queue.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

namespace peerpress::io {

namespace {

// How soon the kernel is asked again after it had no memory for a submission.
constexpr std::chrono::milliseconds retry_ms{1};

// Entries that are no operations. Cancellations and time limits are told by others how they went.
char ignored_tag;
char wake_tag;

int make_eventfd() {
    const int fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) throw system_error{errno, boost::system::system_category(), "eventfd"};
    return fd;
}

}  // namespace

uring_queue::reactor_side::reactor_side(const asio::any_io_executor& executor)
    : event(executor, make_eventfd()), retry(executor) {}

// A context waits in one ring, its first; others are watched by a reactor.
std::shared_ptr<uring_queue> uring_queue::make(asio::any_io_executor executor,
                                               const uring_options& options) {
    const auto* const here = executor.target<ring_context::executor_type>();
    ring_context* context = here == nullptr ? nullptr : &here->query(asio::execution::context);
    if (context != nullptr && context->has_waiter()) context = nullptr;
    auto made = std::make_shared<uring_queue>(std::move(executor), options, context);
    if (context != nullptr) context->attach(made);
    return made;
}

uring_queue::uring_queue(asio::any_io_executor executor, const uring_options& options,
                         ring_context* context)
    : queue_depth_(options.queue_depth),
      delays_(options.delays),
      executor_(std::move(executor)),
      reactor_(context == nullptr ? std::make_unique<reactor_side>(executor_) : nullptr),
      ring_(options.queue_depth, options.commands,
            reactor_ ? std::optional(reactor_->event.native_handle()) : std::nullopt),
      commands_(ring_.commands()),
      idle_(executor_),
      wake_fd_(context == nullptr ? -1 : context->wake_fd()) {
    assert(queue_depth_ > 0 && "nothing could ever be submitted");
}

uring_queue::~uring_queue() {
    for (uring_operation_list* const left : {&waiting_, &in_kernel_, &due_}) {
        while (!left->empty()) {
            uring_operation& dropped = left->front();
            left->remove(dropped);
            dropped.finish(*this, false);
        }
    }
}

void uring_queue::start(uring_operation& operation, std::size_t command_bytes) {
    waiting_.push_back(operation);
    if (closed_) return complete(operation, -ECANCELED, 0);
    if (operation.sqe.opcode == IORING_OP_URING_CMD && !commands_)
        return complete(operation, -EOPNOTSUPP, 0);
    if (command_bytes > uring_operation::command_bytes_max) return complete(operation, -EINVAL, 0);
    watch_cancellation(operation);
    fill_kernel();
}

void uring_queue::watch_cancellation(uring_operation& operation) {
    if (!operation.cancellation.is_connected()) return;
    operation.cancellation.assign(
        [this, watched = &operation](asio::cancellation_type) { cancel(*watched); });
}

void uring_queue::cancel(uring_operation& operation) {
    if (!operation.given) return complete(operation, -ECANCELED, 0);
    if (std::exchange(operation.cancelled, true)) return;
    io_uring_sqe* const entry = ring_.next_entry();
    if (entry == nullptr) {  // it was a request; the operation ends by itself
        operation.cancelled = false;
        return;
    }
    io_uring_prep_cancel64(entry, reinterpret_cast<std::uintptr_t>(&operation), 0);
    io_uring_sqe_set_data(entry, &ignored_tag);
    submit_this_turn();
}

// In the order of arrival, up to the bound.
void uring_queue::fill_kernel() {
    while (!waiting_.empty() && in_kernel_.size() < queue_depth_ && give(waiting_.front())) {
    }
}

bool uring_queue::give(uring_operation& operation) {
    io_uring_sqe* const entry = ring_.next_entry();
    if (entry == nullptr) {
        submit_this_turn();
        return false;
    }
    *entry = operation.sqe;
    if (commands_ && operation.sqe.opcode == IORING_OP_URING_CMD) {
        std::byte* const command =
            reinterpret_cast<std::byte*>(entry) + offsetof(io_uring_sqe, addr3);
        std::memcpy(command, operation.command.data(), uring_operation::command_bytes_max);
    }
    io_uring_sqe_set_data(entry, &operation);
    operation.given = true;
    ++operations_;
    waiting_.remove(operation);
    in_kernel_.push_back(operation);
    submit_this_turn();
    arm();
    return true;
}

// Behind whatever is ready to run and may start operations of its own: these share the system call.
void uring_queue::submit_this_turn() {
    if (!reactor_ || std::exchange(reactor_->submit_posted, true)) return;
    asio::post(executor_, [self = shared_from_this()] { self->submit(); });
}

void uring_queue::submit() {
    reactor_->submit_posted = false;
    if (!reactor_->event.is_open()) return;
    if (ring_.submit()) {
        if (closed_) cancel_all();  // those whose cancellation the kernel did not take before
        return fill_kernel();
    }
    reactor_->submit_posted = true;
    reactor_->retry.expires_after(retry_ms);
    reactor_->retry.async_wait([self = shared_from_this()](error_code) { self->submit(); });
}

// Only while something is in flight, so that an idle ring does not keep its io_context running.
void uring_queue::arm() {
    if (!reactor_ || std::exchange(reactor_->armed, true)) return;
    reactor_->event.async_read_some(asio::buffer(&reactor_->count, sizeof reactor_->count),
                                    [self = shared_from_this()](error_code ec, std::size_t) {
                                        self->reactor_->armed = false;
                                        if (ec) return;
                                        self->reap();
                                        self->fill_kernel();
                                        if (!self->in_kernel_.empty()) self->arm();
                                    });
}

std::uint32_t uring_queue::reap() {
    std::uint32_t count = 0;
    ring_.reap([this, &count](const io_uring_cqe& completion) {
        void* const data = io_uring_cqe_get_data(&completion);
        if (data == &ignored_tag) return;
        if (data == &wake_tag) {
            watches_wake_fd_ = false;
            return;
        }
        ++count;
        complete(*static_cast<uring_operation*>(data), completion.res,
                 commands_ ? completion.big_cqe[0] : 0);
    });
    return count;
}

// Its handler is called later: it may start operations, close the ring or destroy it, and those it
// starts are submitted together with the others of this turn.
void uring_queue::complete(uring_operation& operation, int result, std::uint64_t value) {
    // A worker thread of the kernel's is interrupted out of a cancelled operation by a signal.
    if (operation.cancelled && result == -EINTR) result = -ECANCELED;
    operation.result = result;
    operation.value = value;
    (operation.given ? in_kernel_ : waiting_).remove(operation);
    due_.push_back(operation);
    if (operation.cancellation.is_connected()) operation.cancellation.clear();
    post_due();
    if (in_kernel_.empty() && waiting_.empty()) idle_.notify_all();
}

void uring_queue::post_due() {
    if (!reactor_ || std::exchange(reactor_->due_posted, true)) return;
    asio::post(executor_, [self = shared_from_this()] { self->call_due(); });
}

// Those that are due now: what their handlers make due has its turn later.
void uring_queue::call_due() {
    const auto self = shared_from_this();
    if (reactor_) reactor_->due_posted = false;
    for (std::size_t left = due_.size(); left > 0; --left) {
        uring_operation& next = due_.front();
        due_.remove(next);
        // A handler that throws leaves the others behind it.
        if (!due_.empty()) post_due();
        next.finish(*this, true);
    }
}

bool uring_queue::busy() const {
    return !in_kernel_.empty() || !waiting_.empty() || !due_.empty();
}

void uring_queue::turn(bool may_wait) {
    const auto self = shared_from_this();
    if (!due_.empty() || ring_.ready() > 0) {
        reap();
    } else if (may_wait) {
        wait();
    } else {
        ring_.submit();  // what it does not take goes with the next
        reap();
    }
    if (closed_) cancel_all();  // those whose cancellation the kernel did not take before
    fill_kernel();
    call_due();
}

// One call submits what handlers have started, and waits.
void uring_queue::wait() {
    watch_wake_fd();
    const std::uint32_t together = delays_ ? delay_.together(in_flight()) : 1;
    const bool delayed = together > 1 && limit_wait(together);
    if (!ring_.submit_and_wait(delayed ? together : 1)) std::this_thread::sleep_for(retry_ms);
    const std::uint32_t came = reap();
    if (delayed) delay_.ended(came);
}

// Completes with so many other entries, too, so that none is left behind for a later wait.
bool uring_queue::limit_wait(std::uint32_t together) {
    io_uring_sqe* const entry = ring_.next_entry();
    if (entry == nullptr) return false;
    limit_ = {.tv_sec = 0, .tv_nsec = std::chrono::nanoseconds(completion_delay::limit).count()};
    io_uring_prep_timeout(entry, &limit_, together, 0);
    io_uring_sqe_set_data(entry, &ignored_tag);
    return true;
}

// By an operation that stays in the kernel.
void uring_queue::watch_wake_fd() {
    if (watches_wake_fd_) return;
    io_uring_sqe* const entry = ring_.next_entry();
    if (entry == nullptr) return;
    io_uring_prep_read(entry, wake_fd_, &wake_count_, sizeof wake_count_, no_offset);
    io_uring_sqe_set_data(entry, &wake_tag);
    watches_wake_fd_ = true;
}

// The kernel owns wake_count_ until then.
void uring_queue::end_wake_watch() {
    if (!watches_wake_fd_) return;
    const std::uint64_t one = 1;
    while (::write(wake_fd_, &one, sizeof one) < 0 && errno == EINTR) {
    }
    while (watches_wake_fd_) {
        if (!ring_.submit_and_wait(1)) std::this_thread::sleep_for(retry_ms);
        reap();
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
    in_kernel_.for_each([this](uring_operation& held) { cancel(held); });
}

awaitable<> uring_queue::drained() {
    const auto self = shared_from_this();
    while (!in_kernel_.empty() || !waiting_.empty()) co_await idle_.wait();
}

void uring_queue::stop_reaping() {
    assert(in_kernel_.empty() && "a buffer is still owned by the kernel");
    assert(waiting_.empty() && "close() the ring and wait for its operations");
    if (!reactor_) return end_wake_watch();
    error_code ignored;
    reactor_->event.close(ignored);
    reactor_->retry.cancel();
}

}  // namespace peerpress::io
