// The two-byte header and the trailer of a zlib stream (RFC 1950).
#pragma once

#include "io/bytes.hpp"
#include "pipeline/format.hpp"
#include "pipeline/gzip/header_parser.hpp"

#include <cstdint>

namespace peerpress::pipeline::gzip {

inline constexpr std::size_t zlib_header_bytes = 2;
inline constexpr std::size_t zlib_trailer_bytes = 4;

struct zlib_header_result {
    header_state state = header_state::need_more;
    format_errc error = format_errc::not_compressed;  // where invalid
};

// Refuses what zlib's inflate refuses, and preset dictionaries, which no caller of ours could
// supply.
zlib_header_result parse_zlib_header(bytes_view bytes, bool at_end);

void write_zlib_header(bytes_span at, int level);

std::uint32_t parse_zlib_trailer(bytes_view bytes);  // the Adler-32
void write_zlib_trailer(bytes_span at, std::uint32_t adler32);

}  // namespace peerpress::pipeline::gzip
