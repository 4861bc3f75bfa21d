#include "accel/software/open_end.hpp"

#include "tests/support/random_bytes.hpp"
#include "tests/support/reference_zlib.hpp"

#include <gtest/gtest.h>

#include <set>

namespace peerpress::accel::software {
namespace {

using test::bytes;

bytes opened(bytes stream, const bytes& data) {
    deflate_decoder decoder;
    bytes scratch(data.size());
    const std::size_t stream_bytes = stream.size();
    stream.resize(stream_bytes + 5);
    stream.resize(open_end(decoder, stream, stream_bytes, scratch));
    return stream;
}

TEST(OpenEnd, LetsAnotherStreamFollowWhereverTheFirstEndsInItsLastByte) {
    const bytes tail_data = test::compressible_bytes(100, 99);
    const bytes tail = test::reference_deflate(tail_data, 6, test::raw_window);
    std::set<std::uint64_t> end_bits;
    for (std::size_t size = 0; size < 300; ++size) {
        SCOPED_TRACE(size);
        bytes data = test::compressible_bytes(size, size);
        for (const int strategy : {Z_DEFAULT_STRATEGY, Z_FIXED}) {
            const bytes stream = test::reference_deflate(data, 9, test::raw_window, strategy);
            deflate_decoder decoder;
            bytes scratch(data.size());
            end_bits.insert(decoder.decode_whole(stream, scratch).end_bit % 8);

            bytes both = opened(stream, data);
            both.insert(both.end(), tail.begin(), tail.end());
            const auto decoded = test::reference_inflate(both, test::raw_window);

            bytes expected = data;
            expected.insert(expected.end(), tail_data.begin(), tail_data.end());
            ASSERT_EQ(decoded.verdict, test::reference_verdict::complete);
            ASSERT_EQ(decoded.data, expected);
            ASSERT_EQ(decoded.input_bytes, both.size());
        }
    }
    EXPECT_EQ(end_bits.size(), 8u) << "every end was met";
}

TEST(OpenEnd, FindsTheFinalBlockBehindOthers) {
    // Data that change their nature, so that the codec begins new blocks.
    bytes data = test::compressible_bytes(300'000, 1);
    const bytes noise = test::incompressible_bytes(100'000, 2);
    data.insert(data.end(), noise.begin(), noise.end());
    const bytes stream = test::reference_deflate(data, 6, test::raw_window);

    const bytes open = opened(stream, data);

    const auto decoded = test::reference_inflate(open, test::raw_window);
    EXPECT_EQ(decoded.verdict, test::reference_verdict::incomplete);
    EXPECT_EQ(decoded.data, data);
    EXPECT_EQ(decoded.input_bytes, open.size());
}

TEST(OpenEnd, NeedsRoomForTheBlockItAppends) {
    const bytes data = test::compressible_bytes(1'000, 1);
    bytes stream = test::reference_deflate(data, 6, test::raw_window);
    const bytes untouched = stream;
    deflate_decoder decoder;
    bytes scratch(data.size());

    EXPECT_EQ(open_end(decoder, stream, stream.size(), scratch), 0u);

    EXPECT_EQ(stream, untouched);
}

}  // namespace
}  // namespace peerpress::accel::software
