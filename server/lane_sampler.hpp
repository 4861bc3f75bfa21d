// Looks at a lane every half second, on the lane's own thread, so that whoever asks for its numbers
// never waits for it nor it for them.
#pragma once

#include "pipeline/lane.hpp"
#include "server/metrics.hpp"

#include <atomic>
#include <future>

namespace peerpress::server {

class lane_sampler {
public:
    explicit lane_sampler(pipeline::lane& lane);
    lane_sampler(const lane_sampler&) = delete;
    lane_sampler& operator=(const lane_sampler&) = delete;
    ~lane_sampler();  // before the lane's, which waits for everything that runs on it

    lane_numbers numbers() const;  // from any thread

private:
    awaitable<> sample();

    pipeline::lane& lane_;
    asio::steady_timer timer_;
    bool stopping_ = false;  // lane's thread only, as the timer
    std::future<void> ended_;
    std::atomic<std::uint32_t> slots_free_{0};
    std::atomic<std::uint32_t> uring_in_flight_{0};
};

}  // namespace peerpress::server
