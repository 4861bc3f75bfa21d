// Raw deflate data: the engine's decoders reach zlib's verdict and its data.
#include "accel/software/inflate_chunk.hpp"
#include "tests/fuzz/require.hpp"
#include "tests/support/reference_zlib.hpp"

#include <algorithm>
#include <cstdint>

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

// In pieces and small room, as a stream of unknown length is decoded.
void check_serial(bytes_view stream, const test::reference_stream& expected) {
    static zlib_inflater zlib;
    zlib.reset();
    test::bytes output;
    test::bytes room(1000);
    for (;;) {
        const bytes_view piece = stream.first(std::min<std::size_t>(stream.size(), 100));
        const zlib_inflater::step step = zlib.inflate(piece, room);
        output.insert(output.end(), room.begin(),
                      room.begin() + static_cast<std::ptrdiff_t>(step.output_bytes));
        stream = stream.subspan(step.input_bytes);
        if (step.status == zlib_inflater::status::ended) {
            REQUIRE(output.size() > room_bytes || output == expected.data);
            return;
        }
        if (step.status == zlib_inflater::status::bad_data) {
            REQUIRE(output.size() > room_bytes ||
                    expected.verdict == test::reference_verdict::invalid);
            return;
        }
        const bool stuck = step.input_bytes == 0 && step.output_bytes == 0;
        if (stuck || output.size() > room_bytes) {
            REQUIRE(expected.verdict != test::reference_verdict::complete);
            return;
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const bytes_view stream = std::as_bytes(std::span(data, size));
    const test::reference_stream expected =
        test::reference_inflate(stream, test::raw_window, room_bytes);
    check_whole(stream, expected);
    check_serial(stream, expected);
    return 0;
}
