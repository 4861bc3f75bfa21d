// Raw deflate data: the engine's decoders reach zlib's verdict and its data.
#include "accel/software/inflate_chunk.hpp"
#include "accel/software/stream_inflater.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/support/reference_zlib.hpp"

#include <algorithm>
#include <cstdint>
#include <random>

using namespace peerpress;
using namespace peerpress::accel;
using namespace peerpress::accel::software;

namespace {

constexpr std::size_t room_bytes = 64 << 10;

void check_whole(bytes_view stream, const test::reference_stream& expected) {
    static workbench bench;
    test::bytes output(room_bytes);
    const result<inflated> actual = inflate_chunk(bench, {.input = stream, .output = output});
    REQUIRE(actual.has_value() == (expected.verdict == test::reference_verdict::complete));
    if (actual.has_error()) return;
    output.resize(actual->bytes);
    REQUIRE(actual->input_bytes == expected.input_bytes);
    REQUIRE(output == expected.data);
    REQUIRE(actual->checksum == test::reference_crc32(expected.data));
}

// In pieces and small room, as a stream of unknown length is decoded. What is decoded also says how
// it is cut.
void check_pieces(bytes_view stream, const test::reference_stream& expected) {
    static stream_inflater inflater;
    inflater.reset();
    std::minstd_rand sizes(test::reference_crc32(stream));
    test::bytes output;
    std::size_t input_bytes = 0;
    while (output.size() <= room_bytes) {
        const bytes_view rest = stream.subspan(input_bytes);
        const bytes_view piece = rest.first(std::min<std::size_t>(rest.size(), sizes() % 100));
        test::bytes room(sizes() % 1000);  // not to be written beyond
        const deflate_decoder::step step = inflater.inflate(piece, room);
        output.insert(output.end(), room.begin(),
                      room.begin() + static_cast<std::ptrdiff_t>(step.output_bytes));
        input_bytes += step.input_bytes;
        if (output.size() > room_bytes) break;
        if (step.status == deflate_decoder::status::ended) {
            REQUIRE(expected.verdict == test::reference_verdict::complete);
            REQUIRE(input_bytes == expected.input_bytes);
            break;
        }
        if (step.status == deflate_decoder::status::bad_data) {
            REQUIRE(expected.verdict == test::reference_verdict::invalid);
            break;
        }
        if (piece.size() == rest.size() && step.output_bytes < room.size()) {
            REQUIRE(expected.verdict == test::reference_verdict::incomplete);
            break;
        }
    }
    output.resize(std::min(output.size(), room_bytes + 1));
    REQUIRE(output == expected.data);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const bytes_view stream = std::as_bytes(std::span(data, size));
    const test::reference_stream expected =
        test::reference_inflate(stream, test::raw_window, room_bytes);
    check_whole(stream, expected);
    check_pieces(stream, expected);
    return 0;
}
