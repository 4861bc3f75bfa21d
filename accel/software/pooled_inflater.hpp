// A deflate stream decoded piece by piece, each piece on the pool.
#pragma once

#include "accel/accelerator.hpp"
#include "accel/software/stream_inflater.hpp"
#include "accel/software/worker_pool.hpp"

namespace peerpress::accel::software {

class pooled_inflater final : public serial_inflater {
public:
    pooled_inflater(worker_pool& pool, io::flow_id flow, asio::any_io_executor executor)
        : pool_(pool), flow_(flow), executor_(std::move(executor)) {}

    awaitable<step> inflate(serial_request request) override;
    void reset() override { inflater_.reset(); }

private:
    worker_pool& pool_;
    io::flow_id flow_;
    asio::any_io_executor executor_;
    // Used by the lane between steps and by one thread of the pool during one.
    stream_inflater inflater_;
};

}  // namespace peerpress::accel::software
