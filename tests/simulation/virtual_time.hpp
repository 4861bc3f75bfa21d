// Time that passes only where nothing else is left to do.
//
// The thread that enters it never waits: where it would, in its ring, the clock jumps to what is
// due next, an event or a timer of Asio's. steady_clock tells that time to the whole program.
// Nothing in the product knows of it: steady_clock::now, timerfd_settime and epoll_wait are this
// program's own instead of the libraries', as the ring's calls are (simulated_ring).
//
// Timers are served by a thread that Asio keeps for them. Whoever passes time waits until it has
// done what was due and sleeps again.
//
// What such a thread does depends on nothing but what it is given, as long as no other thread
// posts to it; the rest of this folder sees to that.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <queue>
#include <thread>
#include <vector>

namespace peerpress::simulation {

using nanoseconds = std::chrono::nanoseconds;

class virtual_time {
public:
    static virtual_time& instance();  // the program's only one

    // The calling thread's time is virtual until leave(); it begins at the same moment each time.
    // `on_hang` is called, and must not return, where nothing is due any more or a day has gone by.
    void enter(std::function<void()> on_hang);
    void leave();

    nanoseconds since_enter() const;
    // On the thread that entered, when it has nothing else to do.
    void after(nanoseconds delay, std::function<void()> event);

    // --- for what stands in for the libraries
    bool entered() const { return entered_; }
    bool passes_here() const { return entered_ && std::this_thread::get_id() == thread_; }
    std::int64_t now_ns() const { return now_ns_; }
    void arm(int timer, std::int64_t at_ns);
    void timer_thread_sleeps();
    // Goes on to what is due next and does it.
    void pass();

private:
    struct event {
        std::int64_t at_ns = 0;
        std::uint64_t number = 0;  // those of one moment come in the order in which they were made
        std::function<void()> happen;
        bool operator>(const event& other) const {
            return at_ns != other.at_ns ? at_ns > other.at_ns : number > other.number;
        }
    };

    std::int64_t next_ns();
    std::vector<int> take_due_timers();
    void go_off(int timer);

    std::atomic<bool> entered_ = false;
    std::atomic<std::int64_t> now_ns_ = 0;
    std::thread::id thread_;
    std::function<void()> on_hang_;
    std::uint64_t events_made_ = 0;
    std::priority_queue<event, std::vector<event>, std::greater<>> events_;

    struct timer_state {
        std::int64_t due_ns = 0;
        std::uint64_t armed = 0;  // times
    };
    std::mutex mutex_;  // over all below
    std::condition_variable changed_;
    std::map<int, timer_state> timers_;  // by their descriptors
    std::uint64_t armed_ = 0;
    // How often timers had been armed when their thread last went to sleep.
    std::uint64_t armed_at_sleep_ = 0;
};

}  // namespace peerpress::simulation
