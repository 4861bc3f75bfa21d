#include "io/ring_context.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace peerpress::io {
namespace {

// Handlers that make others ready keep the ring waiting no longer than this.
constexpr unsigned handlers_per_turn_max = 256;

constinit thread_local const ring_context* running = nullptr;

class running_here {
public:
    explicit running_here(const ring_context& context) : before_(running) { running = &context; }
    running_here(const running_here&) = delete;
    running_here& operator=(const running_here&) = delete;
    ~running_here() { running = before_; }

private:
    const ring_context* before_;
};

int make_eventfd() {
    const int fd = ::eventfd(0, EFD_CLOEXEC);
    if (fd < 0) throw system_error{errno, boost::system::system_category(), "eventfd"};
    return fd;
}

}  // namespace

ring_context::ring_context() : wake_(make_eventfd()) {}

// Coroutines that go with their handlers are unwound by functions that they post.
ring_context::~ring_context() {
    const running_here here(*this);
    shutdown();
    drop_tasks();
    destroy();
    drop_tasks();
}

bool ring_context::running_in_this_thread() const {
    return running == this;
}

// As the only handler of an io_context: Asio recycles the memory of coroutines and functions in
// threads that run one.
void ring_context::run() {
    const running_here here(*this);
    asio::io_context recycler{1};
    asio::post(recycler, [this] {
        for (;;) {
            run_ready();
            const std::shared_ptr<waiter> in = waiter_.lock();
            const bool busy = in && in->busy();
            const bool may_wait = go_to_sleep(busy);
            if (!may_wait && ready_.empty() && !busy && work_ == 0) return;
            if (in)
                in->turn(may_wait);
            else
                wait_without_ring(may_wait);
            wake_up();
        }
    });
    recycler.run();
}

void ring_context::run_ready() {
    for (unsigned count = 0; count < handlers_per_turn_max && !ready_.empty(); ++count) {
        task* const next = ready_.pop();
        next->act(next, *this, true);
    }
}

// True where there is nothing to do but to wait: from then on, who posts writes to wake_.
bool ring_context::go_to_sleep(bool busy) {
    const std::lock_guard lock(mutex_);
    ready_.append(posted_);
    asleep_ = ready_.empty() && (busy || work_ > 0);
    return asleep_;
}

void ring_context::wake_up() {
    const std::lock_guard lock(mutex_);
    asleep_ = false;
    ready_.append(posted_);
}

void ring_context::post_from_elsewhere(task& added) {
    const std::lock_guard lock(mutex_);
    posted_.push(added);
    signal();
}

void ring_context::finish_work() {
    if (work_.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
    const std::lock_guard lock(mutex_);
    signal();
}

// Once for each sleep.
void ring_context::signal() {
    if (!std::exchange(asleep_, false)) return;
    const std::uint64_t one = 1;
    while (::write(wake_.get(), &one, sizeof one) < 0 && errno == EINTR) {
    }
}

void ring_context::wait_without_ring(bool may_wait) {
    std::uint64_t count = 0;
    while (may_wait && ::read(wake_.get(), &count, sizeof count) < 0 && errno == EINTR) {
    }
}

void ring_context::drop_tasks() {
    ready_.append(posted_);
    while (!ready_.empty()) {
        task* const dropped = ready_.pop();
        dropped->act(dropped, *this, false);
    }
}

void ring_context::task_queue::push(task& added) {
    (last == nullptr ? first : last->next) = &added;
    last = &added;
}

ring_context::task* ring_context::task_queue::pop() {
    task* const taken = first;
    first = taken->next;
    if (first == nullptr) last = nullptr;
    return taken;
}

void ring_context::task_queue::append(task_queue& other) {
    if (other.empty()) return;
    (last == nullptr ? first : last->next) = other.first;
    last = std::exchange(other.last, nullptr);
    other.first = nullptr;
}

}  // namespace peerpress::io
