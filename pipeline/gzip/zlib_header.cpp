#include "pipeline/gzip/zlib_header.hpp"

#include <cassert>

namespace peerpress::pipeline::gzip {
namespace {

constexpr std::uint8_t method_deflate = 8;
constexpr std::uint8_t window_32k = 7;  // log2 of the window, less 8
constexpr std::uint8_t preset_dictionary = 0x20;

zlib_header_result invalid(format_errc error) {
    return {header_state::invalid, error};
}

// FLEVEL, informative only: 0 fastest, 1 fast, 2 default, 3 smallest.
std::uint32_t level_hint(int level) {
    return level <= 1 ? 0 : level <= 5 ? 1 : level == 6 ? 2 : 3;
}

}  // namespace

zlib_header_result parse_zlib_header(bytes_view bytes, bool at_end) {
    if (bytes.size() < zlib_header_bytes) {
        return at_end ? invalid(format_errc::truncated) : zlib_header_result{};
    }
    const auto cmf = std::to_integer<std::uint8_t>(bytes[0]);
    const auto flg = std::to_integer<std::uint8_t>(bytes[1]);
    if ((cmf << 8 | flg) % 31 != 0) return invalid(format_errc::not_compressed);
    if ((cmf & 0x0f) != method_deflate) return invalid(format_errc::unsupported_method);
    if (cmf >> 4 > window_32k) return invalid(format_errc::bad_header);
    if (flg & preset_dictionary) return invalid(format_errc::unsupported_method);
    return {.state = header_state::complete};
}

void write_zlib_header(bytes_span at, int level) {
    assert(at.size() >= zlib_header_bytes);
    const std::uint32_t cmf = window_32k << 4 | method_deflate;
    std::uint32_t flg = level_hint(level) << 6;
    flg += 31 - (cmf << 8 | flg) % 31;  // FCHECK: the two bytes together are a multiple of 31
    at[0] = static_cast<std::byte>(cmf);
    at[1] = static_cast<std::byte>(flg);
}

std::uint32_t parse_zlib_trailer(bytes_view bytes) {
    assert(bytes.size() >= zlib_trailer_bytes);
    std::uint32_t value = 0;
    for (const std::byte b : bytes.first(zlib_trailer_bytes)) {
        value = value << 8 | std::to_integer<std::uint32_t>(b);
    }
    return value;
}

void write_zlib_trailer(bytes_span at, std::uint32_t adler32) {
    assert(at.size() >= zlib_trailer_bytes);
    for (int index = 0; index < 4; ++index)
        at[index] = static_cast<std::byte>(adler32 >> (24 - 8 * index));
}

}  // namespace peerpress::pipeline::gzip
