// A stopwatch of this process: time on the clock, and on all of its processors. Laps add up.
#pragma once

#include <chrono>
#include <ctime>

namespace peerpress::client::bench {

class process_time {
public:
    class lap {
    public:
        explicit lap(process_time& of)
            : of_(of), started_(std::chrono::steady_clock::now()), cpu_started_(cpu_now()) {}
        lap(const lap&) = delete;
        lap& operator=(const lap&) = delete;
        ~lap() {
            of_.seconds_ +=
                std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
            of_.cpu_seconds_ += cpu_now() - cpu_started_;
        }

    private:
        process_time& of_;
        std::chrono::steady_clock::time_point started_;
        double cpu_started_;
    };

    double seconds() const { return seconds_; }
    double cpu_seconds() const { return cpu_seconds_; }

private:
    static double cpu_now() {
        timespec now{};
        ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
    }

    double seconds_ = 0;
    double cpu_seconds_ = 0;
};

}  // namespace peerpress::client::bench
