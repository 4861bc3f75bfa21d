// How a source is cut into chunks, and what to read for each.
#pragma once

#include "io/storage.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace peerpress::pipeline {

struct chunk_plan {
    std::uint64_t index = 0;
    std::uint64_t offset_bytes = 0;
    std::uint32_t length_bytes = 0;
    // Nothing follows it. A source of unknown size shows it only by a short read.
    bool last = false;
};

// Chunk `index` of a source of `size_bytes`; an empty source has one empty chunk.
constexpr chunk_plan plan_chunk(std::uint64_t index, std::uint64_t size_bytes,
                                std::uint32_t chunk_bytes) {
    const std::uint64_t offset_bytes = index * chunk_bytes;
    const std::uint64_t left_bytes = size_bytes - offset_bytes;
    return {.index = index,
            .offset_bytes = offset_bytes,
            .length_bytes =
                static_cast<std::uint32_t>(std::min<std::uint64_t>(left_bytes, chunk_bytes)),
            .last = left_bytes <= chunk_bytes};
}
static_assert(plan_chunk(0, 0, 4096).last && plan_chunk(0, 0, 4096).length_bytes == 0);
static_assert(plan_chunk(0, 4096, 4096).last && !plan_chunk(0, 4097, 4096).last);
static_assert(plan_chunk(1, 4097, 4096).last && plan_chunk(1, 4097, 4096).length_bytes == 1);

// The smallest block that offsets, addresses and lengths must all be multiples of.
constexpr std::uint32_t block_bytes(const io::alignment& alignment) {
    return std::max(alignment.memory_bytes, alignment.offset_bytes);
}

constexpr std::uint64_t round_down(std::uint64_t bytes, std::uint32_t block_bytes) {
    return bytes - bytes % block_bytes;
}
constexpr std::uint64_t round_up(std::uint64_t bytes, std::uint32_t block_bytes) {
    return round_down(bytes + block_bytes - 1, block_bytes);
}

// The aligned piece of a storage that covers [offset_bytes, offset_bytes + length_bytes).
struct cover {
    std::uint64_t offset_bytes = 0;
    std::uint32_t length_bytes = 0;
    std::uint32_t skip_bytes = 0;  // what was asked for starts here
};

constexpr cover cover_of(std::uint64_t offset_bytes, std::uint64_t length_bytes,
                         std::uint32_t block_bytes) {
    const std::uint64_t start = round_down(offset_bytes, block_bytes);
    const std::uint64_t end = round_up(offset_bytes + length_bytes, block_bytes);
    return {.offset_bytes = start,
            .length_bytes = static_cast<std::uint32_t>(end - start),
            .skip_bytes = static_cast<std::uint32_t>(offset_bytes - start)};
}
static_assert(cover_of(5000, 4000, 4096).offset_bytes == 4096);
static_assert(cover_of(5000, 4000, 4096).length_bytes == 8192);
static_assert(cover_of(5000, 4000, 4096).skip_bytes == 904);

}  // namespace peerpress::pipeline
