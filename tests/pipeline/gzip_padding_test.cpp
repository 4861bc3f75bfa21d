#include "pipeline/gzip/padding.hpp"
#include "tests/support/random_bytes.hpp"
#include "tests/support/reference_zlib.hpp"

#include <gtest/gtest.h>

namespace peerpress::pipeline::gzip {
namespace {

using test::bytes;

TEST(Padding, CannotBeMadeInExactlyTheSizesThatUnitsOfFiveAndSixLeaveOut) {
    std::vector<std::size_t> missing;
    for (std::size_t size = 0; size <= 8192; ++size) {
        if (!is_padding_size(size)) missing.push_back(size);
    }

    EXPECT_EQ(missing, (std::vector<std::size_t>{1, 2, 3, 4, 7, 8, 9, 13, 14, 19}));
}

TEST(Padding, IsSkippedByAnInflaterInEverySize) {
    const bytes data = test::compressible_bytes(100, 1);
    const bytes stream = test::reference_deflate(data, 6, test::raw_window);

    for (std::size_t size = 0; size <= 8192; ++size) {
        if (!is_padding_size(size)) continue;
        bytes padded(size + stream.size());
        write_padding(bytes_span(padded).first(size));
        std::copy(stream.begin(), stream.end(), padded.begin() + static_cast<std::ptrdiff_t>(size));

        const auto decoded = test::reference_inflate(padded, test::raw_window, data.size());

        ASSERT_EQ(decoded.verdict, test::reference_verdict::complete) << size;
        ASSERT_EQ(decoded.input_bytes, padded.size()) << size;
        ASSERT_EQ(decoded.data, data) << size;
    }
}

TEST(Padding, BringsEveryEndToTheNextBlockOrTheOneAfter) {
    for (const std::size_t block_bytes : {512u, 4096u}) {
        for (std::uint64_t end = 0; end <= 2 * block_bytes; ++end) {
            const std::size_t padding = padding_bytes(end, block_bytes);
            ASSERT_EQ((end + padding) % block_bytes, 0u) << end;
            ASSERT_TRUE(is_padding_size(padding)) << end;
            ASSERT_LT(padding, block_bytes + 20) << end;
        }
    }
}

TEST(Padding, CountsInFilesBeyondFourGiB) {
    EXPECT_EQ(padding_bytes((std::uint64_t{1} << 40) - 100, 4096), 100u);
}

}  // namespace
}  // namespace peerpress::pipeline::gzip
