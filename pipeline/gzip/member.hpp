// One gzip member: reading its header, recognising the conventions that carry its length, and
// writing ours. Pure functions over memory; docs/format.md has the layout byte by byte.
#pragma once

#include "io/asio.hpp"
#include "io/bytes.hpp"
#include "pipeline/format.hpp"
#include "pipeline/gzip/header_parser.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace peerpress::pipeline::gzip {

// What is wrong, or how many bytes to have before asking again.
struct header_result {
    header_state state = header_state::need_more;
    member_header header;
    format_errc error = format_errc::not_compressed;  // where invalid
};

// Parses a header that lies in memory from its first byte on; header_parser takes one in pieces.
// `at_end`: no more bytes will come, so that a header which is not complete is invalid: truncated.
header_result parse_header(bytes_view bytes, bool at_end);

// For people: "MiGz", "BGZF", "QATzip", "pgzip"; "gzip" for none.
std::string_view convention_name(convention c);

struct trailer {
    std::uint32_t crc32 = 0;
    std::uint32_t isize = 0;
};
inline constexpr std::size_t trailer_bytes = 8;
trailer parse_trailer(bytes_view bytes);
void write_trailer(bytes_span at, trailer trailer);

// Our member: 20 bytes of header (byte-exact MiGz), deflate data, 8 bytes of trailer.
inline constexpr std::size_t member_header_bytes = 20;
void write_member_header(bytes_span at, std::uint32_t deflate_bytes);

// BGZF: 18 bytes of header. `block_bytes` is the whole block, at most 65536.
inline constexpr std::size_t bgzf_header_bytes = 18;
inline constexpr std::size_t bgzf_data_bytes_max = 65280;
inline constexpr std::size_t bgzf_block_bytes_max = 65536;
void write_bgzf_header(bytes_span at, std::uint32_t block_bytes);
bytes_view bgzf_end_of_file();  // the 28-byte empty block

// Data that do not compress are stored, and a full BGZF block of them must still fit its 16-bit
// size.
static_assert(bgzf_header_bytes + bgzf_data_bytes_max + 5 /*one stored block*/ + trailer_bytes <=
              bgzf_block_bytes_max);

// The plain 10-byte header of `container::plain`.
inline constexpr std::size_t plain_header_bytes = 10;
void write_plain_header(bytes_span at, int level);

}  // namespace peerpress::pipeline::gzip
