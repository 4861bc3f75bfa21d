// The coroutines of one transfer: one that cuts the source into chunks, one for each chunk.
//
// Bounded by slots: the cutter acquires a chunk's slot before it starts the chunk. The first error
// wins, sends away whoever waits for a turn, and ends the cutter; join() returns when all have
// ended, so that nothing is in flight and every slot is back.
#pragma once

#include "io/staging.hpp"
#include "io/task_group.hpp"
#include "pipeline/layout.hpp"
#include "pipeline/transfer.hpp"

#include <cstdint>
#include <limits>

namespace peerpress::pipeline {

class workers {
public:
    static constexpr std::uint64_t unbounded = std::numeric_limits<std::uint64_t>::max();

    explicit workers(const route& via);

    // Waits for the slot of chunk `index`: the only backpressure. Before that, until fewer than
    // `chunks_max` chunks are under way. Throws operation_aborted where the transfer has failed or
    // is to stop.
    awaitable<io::staging_lease> acquire(std::uint64_t index, std::uint64_t chunks_max = unbounded);

    void start(awaitable<> worker);
    awaitable<> join();  // throws the first error

    // Throws operation_aborted where the transfer is to stop.
    void check_stop() const;

    layout& order() { return order_; }
    asio::any_io_executor executor() const { return via_.lane.executor(); }

private:
    awaitable<> guard(awaitable<> worker);

    const route& via_;
    std::uint64_t chunks_max_;
    layout order_;
    io::task_group group_;
};

}  // namespace peerpress::pipeline
