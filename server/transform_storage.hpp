// The two ends of a transform as storages: what the client sends is the pipeline's source, what it
// receives is the target. Both know neither size nor seek. Checksums are taken on the engine's
// threads: the lane's has other things to do.
#pragma once

#include "accel/accelerator.hpp"
#include "io/storage.hpp"
#include "server/transform_stream.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace peerpress::server {

// Largest data message in either direction: enough to make gRPC's cost per message small, and below
// its limit of 4 MiB.
inline constexpr std::size_t transform_data_bytes_max = 1 << 20;

// Bytes and their CRC-32, in the order in which they passed.
struct passed_bytes {
    std::uint64_t bytes = 0;
    std::uint32_t crc32 = 0;
};

class transform_source final : public io::storage {
public:
    transform_source(transform_stream& stream, accel::accelerator& engine, io::flow_id flow);

    const io::storage_traits& traits() const override { return traits_; }
    // Throws refusal: invalid_argument for a message out of order, checksum_mismatch where `finish`
    // says something else than what came.
    awaitable<std::size_t> read(std::uint64_t offset_bytes, bytes_span into) override;
    awaitable<> write(std::uint64_t offset_bytes, bytes_view from) override;
    awaitable<> truncate(std::uint64_t size_bytes) override;
    awaitable<> sync() override;

    // Takes what is left up to `finish`, which the pipeline need not have asked for.
    awaitable<> drain();

    const passed_bytes& received() const { return received_; }

private:
    std::string_view left() const { return std::string_view(data_).substr(taken_); }
    awaitable<> next_message();
    awaitable<> accept_data();
    void check_finish() const;

    transform_stream& stream_;
    accel::accelerator& engine_;
    io::flow_id flow_;
    io::storage_traits traits_;
    std::string data_;  // of the last message
    std::size_t taken_ = 0;
    bool finished_ = false;
    passed_bytes received_;
};

class transform_target final : public io::storage {
public:
    transform_target(transform_stream& stream, accel::accelerator& engine, io::flow_id flow);

    const io::storage_traits& traits() const override { return traits_; }
    awaitable<std::size_t> read(std::uint64_t offset_bytes, bytes_span into) override;
    awaitable<> write(std::uint64_t offset_bytes, bytes_view from) override;
    awaitable<> truncate(std::uint64_t size_bytes) override;
    awaitable<> sync() override;

    const passed_bytes& sent() const { return sent_; }

private:
    transform_stream& stream_;
    accel::accelerator& engine_;
    io::flow_id flow_;
    io::storage_traits traits_;
    passed_bytes sent_;
};

}  // namespace peerpress::server
