// A lane: one io_context on one thread, with the ring, the staging slots and the engine that live on it.
// It knows transfers and open descriptors only, never paths, users or jobs, so that it can live in a
// process of its own. No locks: everything here belongs to the lane's thread.
#pragma once

#include <functional>
#include <memory>
#include <thread>

#include "accel/accelerator.hpp"
#include "io/staging.hpp"
#include "io/uring.hpp"

namespace peerpress::pipeline {

using engine_factory = std::function<std::unique_ptr<accel::accelerator>(asio::any_io_executor)>;

struct lane_options {
    io::uring_options ring;
    io::staging_options staging;
};

class lane {
public:
    // Starts the thread. Throws system_error where ring or memory cannot be had.
    lane(engine_factory make_engine, lane_options options = {});
    // Waits until nothing is in flight; stop transfers (their stop tokens) beforehand.
    ~lane();

    asio::any_io_executor executor();  // safe from any thread
    // Only on the lane's executor:
    io::uring& ring();
    io::staging_pool& staging();
    accel::accelerator& engine();

    const lane_options& options() const;
};

}  // namespace peerpress::pipeline
