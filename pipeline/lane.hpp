// A lane: one execution context on one thread, which waits in the ring, with that ring, the staging
// slots and the engine that live on it. It knows transfers and open descriptors only, never paths,
// users or jobs, so that it can live in a process of its own. No locks: everything here belongs to
// the lane's thread.
#pragma once

#include "accel/accelerator.hpp"
#include "io/ring_context.hpp"
#include "io/staging.hpp"
#include "io/uring.hpp"

#include <functional>
#include <memory>
#include <thread>

namespace peerpress::pipeline {

using engine_factory = std::function<std::unique_ptr<accel::accelerator>(asio::any_io_executor)>;

struct lane_options {
    io::uring_options ring;
    io::staging_options staging;
};

class lane {
public:
    // Starts the thread. Throws system_error where ring or memory cannot be had, and whatever
    // make_engine (called on the lane's thread) throws.
    lane(engine_factory make_engine, lane_options options = {});
    lane(const lane&) = delete;
    lane& operator=(const lane&) = delete;
    // Waits until nothing is in flight; stop transfers (their stop tokens) beforehand.
    ~lane();

    asio::any_io_executor executor();  // safe from any thread
    // Only on the lane's executor:
    io::uring& ring();
    io::staging_pool& staging();
    accel::accelerator& engine();

    const lane_options& options() const { return options_; }

private:
    struct equipment;

    lane_options options_;
    io::ring_context context_;
    asio::any_io_executor work_;            // keeps the thread running
    std::unique_ptr<equipment> equipment_;  // made and destroyed by the thread
    std::thread thread_;
};

}  // namespace peerpress::pipeline
