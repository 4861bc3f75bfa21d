// What software does in a transfer on devices: members like theirs, whole and padded to the
// target's block, and their data back.
#pragma once

#include "io/storage.hpp"
#include "pipeline/aligned_memory.hpp"
#include "pipeline/chunk.hpp"
#include "pipeline/transfer.hpp"

#include <cstdint>

namespace peerpress::pipeline {

// Room that a member of so many bytes of data needs in memory.
std::size_t software_member_bytes_max(const accel::accelerator& engine, std::uint32_t data_bytes,
                                      std::uint32_t block_bytes);

struct software_member {
    bytes_view bytes{};  // in the memory that was `data`'s
    std::uint32_t crc32 = 0;
};

// Compresses the first `data_bytes` of `memory` by way of `scratch`, and leaves the member in
// `memory`: both hold software_member_bytes_max().
awaitable<software_member> make_software_member(route via, int level, bytes_span memory,
                                                std::uint32_t data_bytes, bytes_span scratch,
                                                std::uint32_t block_bytes);

// Decodes the member into `output`, exactly as long as its data. Returns their CRC-32. Throws
// system_error (format_errc) where it is not what it says.
awaitable<std::uint32_t> read_software_member(route via, bytes_view member, bytes_span output);

// [offset_bytes, + length_bytes) of a storage, through memory of its own. Throws source_changed
// where it ends before that.
class private_read {
public:
    private_read(const io::storage& from, std::uint64_t offset_bytes, std::size_t length_bytes,
                 std::size_t memory_bytes_min = 0);

    awaitable<bytes_span> read(io::storage& from);  // the bytes asked for
    bytes_span memory() const { return memory_.span(); }

private:
    cover part_;
    std::size_t length_bytes_;
    aligned_memory memory_;
};

}  // namespace peerpress::pipeline
