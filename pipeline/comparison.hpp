// A target that keeps nothing: it compares what is written with what another storage holds there.
#pragma once

#include "io/event.hpp"
#include "io/storage.hpp"
#include "pipeline/aligned_memory.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace peerpress::pipeline {

class comparison final : public io::storage {
public:
    comparison(asio::any_io_executor executor, io::storage& expected);

    const io::storage_traits& traits() const override { return traits_; }
    awaitable<std::size_t> read(std::uint64_t offset_bytes, bytes_span into) override;
    // Throws system_error (format_errc::mismatch).
    awaitable<> write(std::uint64_t offset_bytes, bytes_view from) override;
    awaitable<> truncate(std::uint64_t size_bytes) override;
    awaitable<> sync() override;

    // The other storage has no more than this.
    awaitable<bool> ends_at(std::uint64_t size_bytes);

    // Where the first difference that was seen lies.
    std::optional<std::uint64_t> mismatch_bytes() const { return mismatch_bytes_; }

private:
    // Enough to read ahead of the comparison; bounded, whatever is written at the same time.
    static constexpr std::uint32_t buffer_bytes = 256 << 10;
    static constexpr std::uint32_t buffers_max = 4;

    class buffer_lease;

    awaitable<aligned_memory> acquire();
    void release(aligned_memory buffer);
    awaitable<> compare(std::uint64_t offset_bytes, bytes_view expected, bytes_span buffer);
    [[noreturn]] void fail(std::uint64_t offset_bytes);

    io::storage& expected_;
    io::storage_traits traits_;
    std::uint32_t block_bytes_;
    std::uint32_t buffers_ = 0;  // that exist
    std::vector<aligned_memory> free_;
    io::event freed_;
    std::optional<std::uint64_t> mismatch_bytes_;
};

}  // namespace peerpress::pipeline
