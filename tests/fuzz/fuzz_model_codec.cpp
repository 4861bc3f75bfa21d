// What a core makes of any bytes: with and without writing the data it comes to the same verdict,
// and what it compresses it decodes again.
#include "accel/model/codec_unit.hpp"
#include "tests/fuzz/require.hpp"

#include <algorithm>
#include <cstdint>
#include <vector>

using namespace peerpress;
using namespace peerpress::accel;

namespace {

noload::operation decompress_of(bytes_view input, noload::stream_format format, bool check_only) {
    constexpr std::uint32_t room = 1 << 20;
    const auto bytes = static_cast<std::uint32_t>(input.size());
    const std::uint32_t offset = (bytes + 3) / 4 * 4;
    return {.opcode = noload::opcode::decompress,
            .span_bytes = offset + room,
            .input_bytes = bytes,
            .output_offset_bytes = check_only ? 0 : offset,
            .format = format,
            .check_only = check_only};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    static model::codec_unit unit;
    const auto format = static_cast<noload::stream_format>(data[0] & 1);
    const bytes_view input = std::as_bytes(std::span(data, size)).subspan(1);

    const auto checked = unit.run(decompress_of(input, format, true), input);
    const auto decoded = unit.run(decompress_of(input, format, false), input);
    if (decoded.status != noload::status::output_too_small) {
        REQUIRE(checked.status == decoded.status);
        REQUIRE(checked.completion == decoded.completion);
    }

    const auto bytes = static_cast<std::uint32_t>(input.size());
    const std::uint32_t offset = (bytes + 4095) / 4096 * 4096;
    const noload::operation compress{
        .span_bytes = offset + (2 << 20),
        .input_bytes = bytes,
        .output_offset_bytes = offset,
        .format = format,
        .level = static_cast<std::uint8_t>(data[0] >> 1 & 3),
        .output_alignment_log2 = static_cast<std::uint8_t>(data[0] >> 3 & 0xf)};
    const auto made = unit.run(compress, input);
    REQUIRE(made.status == noload::status::success);
    REQUIRE(made.output.size() % (std::size_t{1} << compress.output_alignment_log2) == 0);
    const std::vector<std::byte> member(made.output.begin(), made.output.end());
    const auto again = unit.run(decompress_of(member, format, false), member);
    REQUIRE(again.status == noload::status::success);
    REQUIRE(again.completion.crc32 == made.completion.crc32);
    REQUIRE(std::ranges::equal(again.output, input));
    return 0;
}
