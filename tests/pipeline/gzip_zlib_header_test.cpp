#include "pipeline/gzip/zlib_header.hpp"
#include "tests/support/random_bytes.hpp"
#include "tests/support/reference_zlib.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace peerpress::pipeline::gzip {
namespace {

using test::bytes;

// Followed by an empty stream, so that what zlib refuses is the header.
bool zlib_accepts(std::byte cmf, std::byte flg) {
    const bytes stream{cmf,          flg,          std::byte{3}, std::byte{0},
                       std::byte{0}, std::byte{0}, std::byte{0}, std::byte{1}};
    return test::reference_inflate(stream, test::zlib_window, 0).verdict ==
           test::reference_verdict::complete;
}

TEST(ZlibHeader, IsJudgedAsZlibJudgesItInAllOfItsForms) {
    for (int value = 0; value < 65536; ++value) {
        const std::array header{static_cast<std::byte>(value >> 8), static_cast<std::byte>(value)};
        const bool accepted = parse_zlib_header(header, true).state == header_state::complete;
        ASSERT_EQ(accepted, zlib_accepts(header[0], header[1])) << value;
    }
}

TEST(ZlibHeader, NamesWhatIsWrong) {
    const auto error_of = [](int cmf, int flg) {
        const std::array header{static_cast<std::byte>(cmf), static_cast<std::byte>(flg)};
        return parse_zlib_header(header, false).error;
    };

    EXPECT_EQ(error_of('P', 'K'), format_errc::not_compressed);
    EXPECT_EQ(error_of(0x77, 0x85 - 0x07), format_errc::not_compressed);
    EXPECT_EQ(error_of(0x79, 31 - 0x7900 % 31), format_errc::unsupported_method);
    EXPECT_EQ(error_of(0x88, 31 - 0x8800 % 31), format_errc::bad_header);
    EXPECT_EQ(error_of(0x78, 0x20 + 31 - 0x7820 % 31), format_errc::unsupported_method);
}

TEST(ZlibHeader, AsksForItsSecondByte) {
    const std::array header{std::byte{0x78}};

    EXPECT_EQ(parse_zlib_header(header, false).state, header_state::need_more);
    EXPECT_EQ(parse_zlib_header(header, true).state, header_state::invalid);
    EXPECT_EQ(parse_zlib_header(header, true).error, format_errc::truncated);
}

TEST(ZlibHeader, IsWrittenAsZlibWritesIt) {
    for (int level = 1; level <= 9; ++level) {
        const bytes theirs = test::reference_deflate({}, level, test::zlib_window);
        std::array<std::byte, zlib_header_bytes> ours;

        write_zlib_header(ours, level);

        EXPECT_TRUE(std::equal(ours.begin(), ours.end(), theirs.begin())) << level;
    }
}

TEST(ZlibTrailer, IsBigEndianAndReadsBack) {
    const bytes data = test::compressible_bytes(1'000, 1);
    const bytes stream = test::reference_deflate(data, 6, test::zlib_window);
    const bytes_view theirs = bytes_view(stream).last(zlib_trailer_bytes);
    std::array<std::byte, zlib_trailer_bytes> ours;

    write_zlib_trailer(ours, test::reference_adler32(data));

    EXPECT_TRUE(std::equal(ours.begin(), ours.end(), theirs.begin()));
    EXPECT_EQ(parse_zlib_trailer(theirs), test::reference_adler32(data));
}

}  // namespace
}  // namespace peerpress::pipeline::gzip
