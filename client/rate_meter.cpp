#include "client/rate_meter.hpp"

namespace peerpress::client {

void rate_meter::add(time_point now, std::uint64_t bytes_so_far) {
    samples_.push_back({.time = now, .bytes = bytes_so_far});
    // One sample from before the window stays: it is the window's far edge.
    while (samples_.size() > 2 && now - samples_[1].time >= window_) samples_.pop_front();
}

double rate_meter::bytes_per_second() const {
    if (samples_.size() < 2) return 0;
    const std::chrono::duration<double> span = samples_.back().time - samples_.front().time;
    if (span.count() <= 0) return 0;
    return static_cast<double>(samples_.back().bytes - samples_.front().bytes) / span.count();
}

}  // namespace peerpress::client
