#include "accel/software/inflate_chunk.hpp"

#include "tests/support/random_bytes.hpp"
#include "tests/support/reference_zlib.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>
#include <string>

namespace peerpress::accel::software {
namespace {

using test::bytes;
using test::reference_verdict;

bytes from_hex(const std::string& digits) {
    bytes result;
    for (std::size_t at = 0; at < digits.size(); at += 2) {
        result.push_back(static_cast<std::byte>(std::stoi(digits.substr(at, 2), nullptr, 16)));
    }
    return result;
}

class InflateChunk : public testing::Test {
protected:
    // Into exactly so much room.
    result<inflated> inflate(bytes_view stream, std::size_t room_bytes,
                             checksum_kind checksum = checksum_kind::crc32) {
        output.assign(room_bytes, std::byte{0});
        return inflate_chunk(bench, {.input = stream, .output = output, .checksum = checksum});
    }

    workbench bench;
    bytes output;
};

TEST_F(InflateChunk, DecodesWhatZlibMadeAtEveryLevelAndStrategy) {
    const bytes data = test::compressible_bytes(100'000, 1);
    for (const int level : {0, 1, 6, 9}) {
        for (const int strategy : {Z_DEFAULT_STRATEGY, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED}) {
            const bytes stream = test::reference_deflate(data, level, test::raw_window, strategy);

            const result<inflated> inflated = inflate(stream, data.size());

            ASSERT_TRUE(inflated.has_value());
            EXPECT_EQ(inflated->input_bytes, stream.size());
            EXPECT_EQ(inflated->bytes, data.size());
            EXPECT_EQ(inflated->checksum, test::reference_crc32(data));
            EXPECT_EQ(output, data);
        }
    }
}

TEST_F(InflateChunk, SaysWhereTheStreamEndsInALongerInput) {
    const bytes data = test::compressible_bytes(5'000, 1);
    bytes stream = test::reference_deflate(data, 6, test::raw_window);
    const std::size_t stream_bytes = stream.size();
    stream.resize(stream_bytes + 1'000, std::byte{0xff});

    const result<inflated> inflated = inflate(stream, 10'000, checksum_kind::adler32);

    ASSERT_TRUE(inflated.has_value());
    EXPECT_EQ(inflated->input_bytes, stream_bytes);
    EXPECT_EQ(inflated->bytes, data.size());
    EXPECT_EQ(inflated->checksum, test::reference_adler32(data));
}

TEST_F(InflateChunk, DecodesNoDataIntoNoRoom) {
    const bytes stream = test::reference_deflate({}, 6, test::raw_window);

    const result<inflated> inflated = inflate(stream, 0);

    ASSERT_TRUE(inflated.has_value());
    EXPECT_EQ(inflated->bytes, 0u);
    EXPECT_EQ(inflated->input_bytes, stream.size());
}

TEST_F(InflateChunk, TellsDataThatDoNotFitFromDataThatAreBad) {
    const bytes data = test::compressible_bytes(100'000, 1);
    const bytes stream = test::reference_deflate(data, 6, test::raw_window);
    const bytes_view cut = bytes_view(stream).first(stream.size() - 1);

    EXPECT_EQ(inflate(stream, data.size() - 1).error(), codec_errc::output_too_small);
    EXPECT_EQ(inflate(stream, 0).error(), codec_errc::output_too_small);
    EXPECT_EQ(inflate(cut, data.size() + 1).error(), codec_errc::bad_data);
    EXPECT_EQ(inflate({}, data.size()).error(), codec_errc::bad_data);
}

TEST_F(InflateChunk, FailsOnAStreamCutAnywhere) {
    const bytes data = test::compressible_bytes(2'000, 1);
    const bytes stream = test::reference_deflate(data, 6, test::raw_window);

    for (std::size_t length = 0; length < stream.size(); ++length) {
        ASSERT_EQ(inflate(bytes_view(stream).first(length), data.size() + 1).error(),
                  codec_errc::bad_data)
            << length;
    }
}

// Each decodes by libdeflate 1.14, and each is refused by zlib.
TEST_F(InflateChunk, RefusesWhatOnlyLenientDecodersTake) {
    const bytes repeat_past_the_end = from_hex("edc13101000000c2a0aceb5f62147e");
    const bytes distance_without_a_code = from_hex("0dc9491100000c8340ad398a7f09cd9f210f");
    const bytes literal_286 = from_hex("4b4a4c4a4a4c4c4c02210823092860344602c4");
    const bytes too_many_codes = from_hex(
        "2d9e8911003108026be5e9bf865bc94d374a90808ed4deb56ca5a034b26a270a6f1873e4c234f1264267ea8f");

    for (const bytes& stream :
         {repeat_past_the_end, distance_without_a_code, literal_286, too_many_codes}) {
        EXPECT_EQ(test::reference_inflate(stream, test::raw_window).verdict,
                  reference_verdict::invalid);
        EXPECT_EQ(inflate(stream, 10'000).error(), codec_errc::bad_data);
    }
}

// Every kind of block, damaged at random. Most damage is done near the front, where a block's codes
// are.
TEST_F(InflateChunk, ReachesZlibsVerdictOnDamagedStreams) {
    std::mt19937 random(1);
    std::array streams{
        test::reference_deflate(test::compressible_bytes(3'000, 1), 6, test::raw_window),
        test::reference_deflate(test::compressible_bytes(300, 2), 6, test::raw_window, Z_FIXED),
        test::reference_deflate(test::incompressible_bytes(300, 3), 6, test::raw_window),
        test::reference_deflate(test::compressible_bytes(2'000, 4), 6, test::raw_window,
                                Z_HUFFMAN_ONLY),
    };
    constexpr std::size_t room_bytes = 8'000;
    int whole = 0;
    int bad = 0;

    for (int round = 0; round < 40'000; ++round) {
        bytes stream = streams[random() % streams.size()];
        for (unsigned flips = 1 + random() % 3; flips > 0; --flips) {
            const std::size_t reach =
                random() % 2 ? stream.size() : std::min<std::size_t>(stream.size(), 80);
            stream[random() % reach] ^= static_cast<std::byte>(1u << random() % 8);
        }
        const auto expected = test::reference_inflate(stream, test::raw_window, room_bytes);
        const result<inflated> actual = inflate(stream, room_bytes);

        ASSERT_EQ(actual.has_value(), expected.verdict == reference_verdict::complete) << round;
        if (actual.has_value()) {
            ++whole;
            ASSERT_EQ(actual->input_bytes, expected.input_bytes) << round;
            ASSERT_EQ(actual->bytes, expected.data.size()) << round;
            output.resize(actual->bytes);
            ASSERT_EQ(output, expected.data) << round;
        } else {
            ++bad;
        }
    }
    EXPECT_GT(whole, 1'000);
    EXPECT_GT(bad, 1'000);
}

}  // namespace
}  // namespace peerpress::accel::software
