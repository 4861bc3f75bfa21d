#include "tests/simulation/virtual_time.hpp"

#include <dlfcn.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace peerpress::simulation {
namespace {

constexpr std::int64_t begin_ns = 1'000'000'000'000;
constexpr std::int64_t end_ns = begin_ns + 86'400'000'000'000;
constexpr std::int64_t never_ns = std::numeric_limits<std::int64_t>::max();

}  // namespace

virtual_time& virtual_time::instance() {
    static virtual_time only;
    return only;
}

void virtual_time::enter(std::function<void()> on_hang) {
    thread_ = std::this_thread::get_id();
    on_hang_ = std::move(on_hang);
    now_ns_ = begin_ns;
    entered_ = true;
}

void virtual_time::leave() {
    entered_ = false;
    events_ = {};
    const std::lock_guard lock(mutex_);
    timers_.clear();
}

nanoseconds virtual_time::since_enter() const {
    return nanoseconds(now_ns_ - begin_ns);
}

void virtual_time::after(nanoseconds delay, std::function<void()> event) {
    events_.push(
        {.at_ns = now_ns_ + delay.count(), .number = ++events_made_, .happen = std::move(event)});
}

void virtual_time::arm(int timer, std::int64_t at_ns) {
    const std::lock_guard lock(mutex_);
    timers_[timer] = {.due_ns = at_ns, .armed = ++armed_};
}

void virtual_time::timer_thread_sleeps() {
    {
        const std::lock_guard lock(mutex_);
        armed_at_sleep_ = armed_;
    }
    changed_.notify_all();
}

std::int64_t virtual_time::next_ns() {
    std::int64_t next = events_.empty() ? never_ns : events_.top().at_ns;
    const std::lock_guard lock(mutex_);
    for (const auto& [timer, state] : timers_) next = std::min(next, state.due_ns);
    return next;
}

std::vector<int> virtual_time::take_due_timers() {
    std::vector<int> due;
    const std::lock_guard lock(mutex_);
    for (const auto& [timer, state] : timers_)
        if (state.due_ns <= now_ns_) due.push_back(timer);
    return due;
}

void virtual_time::pass() {
    const std::int64_t next = next_ns();
    if (next > end_ns) on_hang_();
    now_ns_ = std::max<std::int64_t>(now_ns_, next);
    while (!events_.empty() && events_.top().at_ns <= now_ns_) {
        const std::function<void()> happen = events_.top().happen;
        events_.pop();
        happen();
    }
    for (const int timer : take_due_timers()) go_off(timer);
}

namespace {

virtual_time& the_time() {
    return virtual_time::instance();
}

template <class Function>
Function* library_call(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

auto* real_epoll_wait() {
    static auto* const call = library_call<int(int, epoll_event*, int, int)>("epoll_wait");
    return call;
}

auto* real_timerfd_settime() {
    static auto* const call =
        library_call<int(int, int, const itimerspec*, itimerspec*)>("timerfd_settime");
    return call;
}

}  // namespace

// Asio arms a timer again, always, once it has looked at what was due, then calls the handlers and
// sleeps.
void virtual_time::go_off(int timer) {
    std::unique_lock lock(mutex_);
    const std::uint64_t before = armed_;
    timers_.erase(timer);
    const itimerspec at_once{.it_interval = {}, .it_value = {.tv_sec = 0, .tv_nsec = 1}};
    real_timerfd_settime()(timer, 0, &at_once, nullptr);
    changed_.wait(lock, [this, timer, before] {
        const auto armed = timers_.find(timer);
        return armed != timers_.end() && armed->second.armed > before &&
               armed_at_sleep_ >= armed->second.armed;
    });
}

}  // namespace peerpress::simulation

namespace std::chrono {
inline namespace _V2 {

steady_clock::time_point steady_clock::now() noexcept {
    using peerpress::simulation::virtual_time;
    const virtual_time& time = virtual_time::instance();
    if (time.entered()) return time_point(duration(time.now_ns()));
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return time_point(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

}  // namespace _V2
}  // namespace std::chrono

extern "C" {

// Whoever calls it is no thread of the product's: those wait in rings.
int epoll_wait(int epoll, epoll_event* events, int events_max, int timeout_ms) {
    using namespace peerpress::simulation;
    if (timeout_ms != 0) the_time().timer_thread_sleeps();
    return real_epoll_wait()(epoll, events, events_max, timeout_ms);
}

int timerfd_settime(int timer, int flags, const itimerspec* wanted, itimerspec* old) noexcept {
    using namespace peerpress::simulation;
    if (!the_time().entered()) return real_timerfd_settime()(timer, flags, wanted, old);
    const std::int64_t value_ns =
        wanted->it_value.tv_sec * std::int64_t{1'000'000'000} + wanted->it_value.tv_nsec;
    // Asio's "at once" is a moment long ago, and its time is cut to microseconds.
    const bool absolute = (flags & TFD_TIMER_ABSTIME) != 0;
    // Otherwise it would stay readable from the last time it went off.
    const itimerspec off{};
    real_timerfd_settime()(timer, 0, &off, nullptr);
    the_time().arm(timer, absolute ? value_ns : the_time().now_ns() + value_ns + 1000);
    if (old != nullptr) *old = {};
    return 0;
}
}
