// One gzip member: reading its header, recognising the conventions that carry its length, and writing ours.
// Pure functions over memory; docs/format.md has the layout byte by byte.
#pragma once

#include <cstdint>
#include <optional>

#include "io/asio.hpp"
#include "io/bytes.hpp"
#include "pipeline/format.hpp"

namespace peerpress::pipeline::gzip {

enum class convention { none, migz, bgzf, qatzip, pgzip };

struct member_header {
    std::uint32_t header_bytes = 0;  // up to the deflate data
    gzip::convention convention = gzip::convention::none;
    // What the header claims; a hint until the member has been decoded. Zero-length and absurd claims are none.
    std::optional<std::uint64_t> member_bytes;  // header, deflate data and trailer
};

// What is wrong, or how many bytes to have before asking again.
enum class header_state { complete, need_more, invalid };
struct header_result {
    header_state state = header_state::need_more;
    member_header header;
    format_errc error = format_errc::not_compressed;  // where invalid
};

// Strict: magic, method, reserved flags, FHCRC; as zlib's inflate with windowBits 31. `at_end`: no more bytes will come.
header_result parse_header(bytes_view bytes, bool at_end);

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
void write_bgzf_header(bytes_span at, std::uint32_t block_bytes);
bytes_view bgzf_end_of_file();  // the 28-byte empty block

// The plain 10-byte header of `container::plain`.
inline constexpr std::size_t plain_header_bytes = 10;
void write_plain_header(bytes_span at, int level);

}  // namespace peerpress::pipeline::gzip
