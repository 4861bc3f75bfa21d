// Padding inside the deflate data: empty blocks that every inflater skips, so that a member can end on a
// block boundary of its target.
#pragma once

#include "io/bytes.hpp"

namespace peerpress::pipeline::gzip {

// Bytes of padding that bring `end` to the next multiple of `block_bytes`, taking the sizes that 6a + 5b (a <= 4)
// cannot make one block further.
std::size_t padding_bytes(std::uint64_t end, std::size_t block_bytes);

// Fills `at` with empty non-final blocks (prefix form): the codec's output follows it.
void write_padding(bytes_span at);

}  // namespace peerpress::pipeline::gzip
