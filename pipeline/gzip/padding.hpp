// Padding inside the deflate data: empty blocks that every inflater skips, so that a member can end
// on a block boundary of its target.
//
// A unit is an empty stored block, 5 bytes (00 00 00 ff ff), or an empty fixed block and an empty
// stored one, 6 bytes (02 00 00 00 ff ff). Both start and end on a byte, so that up to four of the
// six-byte units and any number of the others make every size but 1-4, 7-9, 13, 14 and 19.
#pragma once

#include "io/bytes.hpp"

#include <cstdint>

namespace peerpress::pipeline::gzip {

inline constexpr std::size_t short_pad_bytes = 5;
inline constexpr std::size_t long_pad_bytes = 6;

// 5b + 6a has a remainder of a, a <= 4, when divided by 5; so a size needs as many long units as
// its remainder.
constexpr std::size_t long_pads(std::size_t bytes) {
    return bytes % short_pad_bytes;
}
constexpr bool is_padding_size(std::size_t bytes) {
    return bytes >= long_pads(bytes) * long_pad_bytes;
}
static_assert(is_padding_size(0) && is_padding_size(5) && is_padding_size(6) &&
              !is_padding_size(7));
static_assert(!is_padding_size(19) && is_padding_size(20) && is_padding_size(24));

// Bytes of padding that bring `end` to the next multiple of `block_bytes`, taking the sizes that
// cannot be made one block further.
constexpr std::size_t padding_bytes(std::uint64_t end, std::size_t block_bytes) {
    std::size_t gap = static_cast<std::size_t>((block_bytes - end % block_bytes) % block_bytes);
    while (!is_padding_size(gap)) gap += block_bytes;
    return gap;
}
static_assert(padding_bytes(4096, 4096) == 0);
static_assert(padding_bytes(4096 - 5, 4096) == 5);
static_assert(padding_bytes(4096 - 19, 4096) == 19 + 4096);

// Fills `at` with empty non-final blocks (prefix form): the codec's output follows it.
// Precondition: is_padding_size(at.size()).
void write_padding(bytes_span at);

}  // namespace peerpress::pipeline::gzip
