#include "accel/software/open_end.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace peerpress::accel::software {
namespace {

constexpr std::uint64_t block_header_bits =
    3;  // BFINAL, BTYPE: all zero for a stored block that is not the last
constexpr std::array empty_stored{std::byte{0x00}, std::byte{0x00}, std::byte{0xff},
                                  std::byte{0xff}};

}  // namespace

std::size_t open_end(deflate_decoder& decoder, bytes_span buffer, std::size_t stream_bytes,
                     bytes_span scratch) {
    const deflate_decoder::step decoded = decoder.decode_whole(buffer.first(stream_bytes), scratch);
    const bool ended = decoded.status == deflate_decoder::status::ended;
    assert(ended && decoded.input_bytes == stream_bytes);
    if (!ended) return 0;

    // The bits behind the end of a stream are zero up to the byte's end: a header fits in, or takes
    // a byte more.
    const std::uint64_t header_bytes = (decoded.end_bit + block_header_bits + 7) / 8;
    const std::size_t total_bytes = header_bytes + empty_stored.size();
    if (total_bytes > buffer.size()) return 0;
    buffer[decoded.final_block_bit / 8] &= ~(std::byte{1} << (decoded.final_block_bit % 8));
    std::fill(buffer.begin() + static_cast<std::ptrdiff_t>(stream_bytes),
              buffer.begin() + static_cast<std::ptrdiff_t>(header_bytes), std::byte{0});
    std::ranges::copy(empty_stored, buffer.begin() + static_cast<std::ptrdiff_t>(header_bytes));
    return total_bytes;
}

}  // namespace peerpress::accel::software
