// Every so-many-th chunk of a storage, as if nothing lay between: a slow level gets by with fewer
// chunks, and they still come from all over the data. For reading only.
#pragma once

#include "io/storage.hpp"

#include <cstdint>

namespace peerpress::client::bench {

class thinned_storage final : public io::storage {
public:
    // `every` = 1: all of it. The inner storage has a size, and outlives this.
    thinned_storage(io::storage& inner, std::uint32_t chunk_bytes, std::uint64_t every);

    const io::storage_traits& traits() const override { return traits_; }
    awaitable<std::size_t> read(std::uint64_t offset_bytes, bytes_span into) override;
    awaitable<> write(std::uint64_t offset_bytes, bytes_view from) override;
    awaitable<> truncate(std::uint64_t size_bytes) override;
    awaitable<> sync() override;

private:
    io::storage& inner_;
    const std::uint64_t chunk_bytes_;
    const std::uint64_t every_;
    io::storage_traits traits_;
};

// How thin: so that a run at `rate` takes about `seconds`, but has at least `chunks_min` chunks.
std::uint64_t thinning(std::uint64_t size_bytes, std::uint32_t chunk_bytes, double rate,
                       double seconds, std::uint64_t chunks_min);

}  // namespace peerpress::client::bench
