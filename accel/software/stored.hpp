// Stored deflate blocks: the form of data that no codec makes smaller, and the bound of every
// result.
#pragma once

#include "io/bytes.hpp"

#include <cstddef>
#include <cstdint>

namespace peerpress::accel::software {

inline constexpr std::size_t stored_block_bytes_max = 65535;  // LEN has 16 bits
inline constexpr std::size_t stored_header_bytes =
    1 /*BFINAL, BTYPE, padding*/ + 2 /*LEN*/ + 2 /*NLEN*/;

// Bytes of `input_bytes` in stored blocks; no data are one empty block.
constexpr std::size_t stored_bytes(std::size_t input_bytes) {
    const std::size_t blocks =
        input_bytes == 0 ? 1 : (input_bytes + stored_block_bytes_max - 1) / stored_block_bytes_max;
    return input_bytes + blocks * stored_header_bytes;
}
static_assert(stored_bytes(0) == 5);
static_assert(stored_bytes(65535) == 65540 && stored_bytes(65536) == 65546);
static_assert(stored_bytes(1 << 20) == (1 << 20) + 85);

// Returns stored_bytes(input.size()), which `output` must hold. The blocks end byte-aligned and
// look back nowhere, so where `last` is false another stream may follow as it is.
std::size_t store(bytes_view input, bytes_span output, bool last);

}  // namespace peerpress::accel::software
