// Headers: ours and zlib's verdict are one, however the bytes arrive.
#include "pipeline/gzip/member.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/support/gzip_headers.hpp"

#include <algorithm>
#include <cstdint>

using namespace peerpress;
using namespace peerpress::pipeline::gzip;

namespace {

header_parser fed_in_pieces(bytes_view bytes, std::size_t piece_bytes) {
    header_parser parser;
    while (!bytes.empty()) {
        const bytes_view piece = bytes.first(std::min(bytes.size(), piece_bytes));
        const std::size_t taken = parser.feed(piece);
        REQUIRE(taken == piece.size() || parser.state() != header_state::need_more);
        if (parser.state() != header_state::need_more) break;
        bytes = bytes.subspan(taken);
    }
    return parser;
}

void check_against_zlib(bytes_view bytes, const header_result& result) {
    const test::reference_header expected = test::reference_parse_header(bytes);
    REQUIRE((result.state == header_state::complete) ==
            (expected.verdict == test::reference_verdict::complete));
    if (result.state == header_state::complete) {
        REQUIRE(result.header.header_bytes == expected.header_bytes);
    }
    if (result.state == header_state::need_more) {
        REQUIRE(expected.verdict == test::reference_verdict::incomplete);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::size_t piece_bytes = 1 + data[0] % 64;
    const bytes_view bytes = std::as_bytes(std::span(data, size)).subspan(1);

    const header_result result = parse_header(bytes, false);
    check_against_zlib(bytes, result);

    const header_parser parser = fed_in_pieces(bytes, piece_bytes);
    REQUIRE(parser.state() == result.state);
    REQUIRE(parser.header().header_bytes == result.header.header_bytes);
    REQUIRE(parser.header().convention == result.header.convention);
    REQUIRE(parser.header().member_bytes == result.header.member_bytes);
    if (result.header.member_bytes) {
        REQUIRE(*result.header.member_bytes > result.header.header_bytes + trailer_bytes);
    }
    if (result.state == header_state::need_more) {
        REQUIRE(parse_header(bytes, true).error == pipeline::format_errc::truncated);
    }
    return 0;
}
