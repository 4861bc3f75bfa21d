#include "pipeline/gzip/member.hpp"

#include "pipeline/gzip/little_endian.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace peerpress::pipeline::gzip {
namespace {

template <class... Values>
constexpr auto bytes_of(Values... values) {
    return std::array<std::byte, sizeof...(Values)>{static_cast<std::byte>(values)...};
}

// Up to its length field, each field as MiGz writes it: its reader takes the 20 bytes for granted.
constexpr auto member_prefix = bytes_of(0x1f, 0x8b, 8, 4 /*FLG: FEXTRA*/, 0, 0, 0, 0 /*MTIME*/,
                                        2 /*XFL*/, 0 /*OS*/, 8, 0 /*XLEN*/, 'M', 'Z', 4, 0);
static_assert(member_prefix.size() + 4 == member_header_bytes);

// Up to its size field, as htslib writes it, whose reader insists on XLEN 6.
constexpr auto bgzf_prefix = bytes_of(0x1f, 0x8b, 8, 4 /*FLG: FEXTRA*/, 0, 0, 0, 0 /*MTIME*/,
                                      0 /*XFL*/, 0xff /*OS*/, 6, 0 /*XLEN*/, 'B', 'C', 2, 0);
static_assert(bgzf_prefix.size() + 2 == bgzf_header_bytes);

constexpr auto bgzf_eof = bytes_of(0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, 'B', 'C', 2, 0,
                                   0x1b, 0 /*28 - 1*/, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0);
static_assert(bgzf_eof.size() == 28);

}  // namespace

header_result parse_header(bytes_view bytes, bool at_end) {
    header_parser parser;
    parser.feed(bytes);
    header_result result{
        .state = parser.state(), .header = parser.header(), .error = parser.error()};
    if (result.state == header_state::need_more && at_end) {
        result.state = header_state::invalid;
        result.error = format_errc::truncated;
    }
    return result;
}

std::string_view convention_name(convention c) {
    switch (c) {
        case convention::none:
            break;
        case convention::migz:
            return "MiGz";
        case convention::bgzf:
            return "BGZF";
        case convention::qatzip:
            return "QATzip";
        case convention::pgzip:
            return "pgzip";
    }
    return "gzip";
}

trailer parse_trailer(bytes_view bytes) {
    return {.crc32 = load_le<std::uint32_t>(bytes),
            .isize = load_le<std::uint32_t>(bytes.subspan(4))};
}

void write_trailer(bytes_span at, trailer trailer) {
    store_le(at, trailer.crc32);
    store_le(at.subspan(4), trailer.isize);
}

void write_member_header(bytes_span at, std::uint32_t deflate_bytes) {
    assert(at.size() >= member_header_bytes);
    std::ranges::copy(member_prefix, at.begin());
    store_le(at.subspan(member_prefix.size()), deflate_bytes);
}

void write_bgzf_header(bytes_span at, std::uint32_t block_bytes) {
    assert(at.size() >= bgzf_header_bytes);
    assert(block_bytes > bgzf_header_bytes + trailer_bytes && block_bytes <= bgzf_block_bytes_max);
    std::ranges::copy(bgzf_prefix, at.begin());
    store_le(at.subspan(bgzf_prefix.size()), static_cast<std::uint16_t>(block_bytes - 1));
}

bytes_view bgzf_end_of_file() {
    return bgzf_eof;
}

void write_plain_header(bytes_span at, int level) {
    assert(at.size() >= plain_header_bytes);
    // XFL as gzip sets it: 4 for its fastest level, 2 for its smallest.
    const int xfl = level <= 1 ? 4 : level >= 9 ? 2 : 0;
    std::ranges::copy(bytes_of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, xfl, 3 /*OS: Unix*/), at.begin());
}

}  // namespace peerpress::pipeline::gzip
