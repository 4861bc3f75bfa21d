// The two ends of a transform as storages: what the client sends is the pipeline's source, what it
// receives is the target. Both know neither size nor seek. Checksums are taken here, on the lane:
// the way to the engine's threads, where chunks of a few ms wait, takes longer than the checksum.
#pragma once

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

    void add(bytes_view data);
};

class transform_source final : public io::storage {
public:
    explicit transform_source(transform_stream& stream);

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
    void accept_data();
    void check_finish() const;

    transform_stream& stream_;
    io::storage_traits traits_;
    std::string data_;  // of the last message
    std::size_t taken_ = 0;
    bool finished_ = false;
    passed_bytes received_;
};

class transform_target final : public io::storage {
public:
    explicit transform_target(transform_stream& stream);

    const io::storage_traits& traits() const override { return traits_; }
    awaitable<std::size_t> read(std::uint64_t offset_bytes, bytes_span into) override;
    awaitable<> write(std::uint64_t offset_bytes, bytes_view from) override;
    awaitable<> truncate(std::uint64_t size_bytes) override;
    awaitable<> sync() override;

    const passed_bytes& sent() const { return sent_; }

private:
    transform_stream& stream_;
    io::storage_traits traits_;
    passed_bytes sent_;
};

}  // namespace peerpress::server
