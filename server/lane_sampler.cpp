#include "server/lane_sampler.hpp"

#include <chrono>

namespace peerpress::server {

namespace {

constexpr std::chrono::milliseconds interval{500};

}  // namespace

lane_sampler::lane_sampler(pipeline::lane& lane) : lane_(lane), timer_(lane.executor()) {
    slots_free_ = lane.options().staging.slots;
    ended_ = asio::co_spawn(lane_.executor(), sample(), asio::use_future);
}

lane_sampler::~lane_sampler() {
    asio::post(lane_.executor(), [this] {
        stopping_ = true;
        timer_.cancel();
    });
    ended_.wait();
}

lane_numbers lane_sampler::numbers() const {
    return {.slots = lane_.options().staging.slots,
            .slots_free = slots_free_,
            .uring_in_flight = uring_in_flight_};
}

awaitable<> lane_sampler::sample() {
    while (!stopping_) {
        slots_free_ = lane_.staging().free_slots();
        uring_in_flight_ = lane_.ring().in_flight();
        timer_.expires_after(interval);
        co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

}  // namespace peerpress::server
