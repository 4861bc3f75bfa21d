// What `gzip -dcf` needs beside the pipeline: a look at the first bytes, and a way past it.
#pragma once

#include "io/storage.hpp"
#include "pipeline/transfer.hpp"

#include <array>

namespace peerpress::client {

// A source of which the first bytes can be looked at before it is read, also where it cannot seek.
class peeked_storage final : public io::storage {
public:
    explicit peeked_storage(io::storage& inner) : inner_(inner) {}

    // Call before the first read, or not at all. `scratch` is aligned, and at least a block of the
    // source's.
    awaitable<bool> starts_like_gzip(bytes_span scratch);

    const io::storage_traits& traits() const override { return inner_.traits(); }
    awaitable<std::size_t> read(std::uint64_t offset_bytes, bytes_span into) override;
    awaitable<> write(std::uint64_t offset_bytes, bytes_view from) override;
    awaitable<> truncate(std::uint64_t size_bytes) override;
    awaitable<> sync() override;

private:
    io::storage& inner_;
    // Held back from a stream, which would not give them a second time.
    std::array<std::byte, 2> head_{};
    std::size_t head_bytes_ = 0;
};

// Source to target, byte for byte.
awaitable<pipeline::transfer_report> copy(pipeline::route route);

}  // namespace peerpress::client
