#include "accel/software/stored.hpp"

#include "tests/support/random_bytes.hpp"
#include "tests/support/reference_zlib.hpp"

#include <gtest/gtest.h>

namespace peerpress::accel::software {
namespace {

using test::bytes;

TEST(StoredBlocks, DecodeAtEverySizeAroundTheirBorders) {
    for (const std::size_t size : {0, 1, 65'534, 65'535, 65'536, 131'070, 131'071, 1 << 20}) {
        const bytes data = test::incompressible_bytes(size, size);
        bytes stream(stored_bytes(size));

        EXPECT_EQ(store(data, stream, true), stream.size());

        const auto decoded = test::reference_inflate(stream, test::raw_window);
        EXPECT_EQ(decoded.verdict, test::reference_verdict::complete) << size;
        EXPECT_EQ(decoded.input_bytes, stream.size());
        EXPECT_EQ(decoded.data, data);
    }
}

TEST(StoredBlocks, StayOpenWhereMoreFollows) {
    const bytes data = test::incompressible_bytes(70'000, 1);
    bytes stream(stored_bytes(data.size()));

    store(data, stream, false);

    const auto decoded = test::reference_inflate(stream, test::raw_window);
    EXPECT_EQ(decoded.verdict, test::reference_verdict::incomplete);
    EXPECT_EQ(decoded.data, data);
}

}  // namespace
}  // namespace peerpress::accel::software
