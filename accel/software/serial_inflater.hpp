// A deflate stream decoded piece by piece by zlib, each piece on the pool.
#pragma once

#include "accel/accelerator.hpp"
#include "accel/software/worker_pool.hpp"
#include "accel/software/zlib_codec.hpp"

namespace peerpress::accel::software {

class serial_zlib_inflater final : public serial_inflater {
public:
    serial_zlib_inflater(worker_pool& pool, io::flow_id flow, asio::any_io_executor executor)
        : pool_(pool), flow_(flow), executor_(std::move(executor)) {}

    awaitable<step> inflate(bytes_view input, bytes_span output) override;
    void reset() override { zlib_.reset(); }

private:
    worker_pool& pool_;
    io::flow_id flow_;
    asio::any_io_executor executor_;
    zlib_inflater zlib_;  // used by the lane between steps and by one thread of the pool during one
};

}  // namespace peerpress::accel::software
