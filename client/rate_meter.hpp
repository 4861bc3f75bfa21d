// The rate of the last few seconds: steady enough to read, quick enough to show a stall.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>

namespace peerpress::client {

class rate_meter {
public:
    using time_point = std::chrono::steady_clock::time_point;

    explicit rate_meter(std::chrono::milliseconds window = std::chrono::seconds(5))
        : window_(window) {}

    void add(time_point now, std::uint64_t bytes_so_far);
    double bytes_per_second() const;  // 0 until two samples a moment apart are known

private:
    struct sample {
        time_point time;
        std::uint64_t bytes = 0;
    };
    std::chrono::milliseconds window_;
    std::deque<sample> samples_;
};

}  // namespace peerpress::client
