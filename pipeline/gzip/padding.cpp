#include "pipeline/gzip/padding.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace peerpress::pipeline::gzip {
namespace {

constexpr std::array<std::byte, short_pad_bytes> short_pad{
    std::byte{0x00}, std::byte{0x00}, std::byte{0x00}, std::byte{0xff}, std::byte{0xff}};

// The fixed block is BFINAL 0, BTYPE 01 and the 7 zero bits of its end-of-block code; the stored
// block's own three header bits follow within the second byte.
constexpr std::array<std::byte, long_pad_bytes> long_pad{std::byte{0x02}, std::byte{0x00},
                                                         std::byte{0x00}, std::byte{0x00},
                                                         std::byte{0xff}, std::byte{0xff}};

bytes_span put(bytes_span at, bytes_view unit) {
    std::ranges::copy(unit, at.begin());
    return at.subspan(unit.size());
}

}  // namespace

void write_padding(bytes_span at) {
    assert(is_padding_size(at.size()));
    for (std::size_t remaining = long_pads(at.size()); remaining > 0; --remaining) {
        at = put(at, long_pad);
    }
    while (!at.empty()) at = put(at, short_pad);
}

}  // namespace peerpress::pipeline::gzip
