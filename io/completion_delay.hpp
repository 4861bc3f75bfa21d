// How many completions are worth waiting for at a time.
//
// A system call for each completion is the price of looking at once. Where many operations are
// under way, waiting a moment for some of them together costs each little and saves calls. The
// moment is bounded, and not taken where it does not pay: with few operations under way (then they
// wait for each other, and a delay adds up), or after moments in which too few came. Pure: who
// waits says how it went.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace peerpress::io {

class completion_delay {
public:
    // With what Linux adds to a timer of an ordinary thread (50 us), 100 us at most.
    static constexpr std::chrono::microseconds limit{50};
    // Fewer operations than that are looked at one by one.
    static constexpr std::uint32_t in_flight_min = 8;
    static constexpr std::uint32_t together_max = 8;
    // After a moment that did not pay, so many waits go without; twice as many after each further
    // one.
    static constexpr std::uint32_t pause_min = 8;
    static constexpr std::uint32_t pause_max = 1024;

    // Completions to wait for; beyond one, for no longer than `limit`.
    std::uint32_t together(std::uint32_t in_flight) {
        if (in_flight < in_flight_min) return 1;
        if (left_ > 0) {
            --left_;
            return 1;
        }
        return std::min(in_flight / 4, together_max);
    }

    // A wait for several ended with `came` of them, by the limit or before it.
    void ended(std::uint32_t came) {
        if (came >= 2) {
            pause_ = pause_min;
            return;
        }
        left_ = pause_;
        pause_ = std::min(2 * pause_, pause_max);
    }

private:
    std::uint32_t left_ = 0;
    std::uint32_t pause_ = pause_min;
};

}  // namespace peerpress::io
