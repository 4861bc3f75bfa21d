#include "pipeline/gzip/member.hpp"
#include "tests/support/random_bytes.hpp"
#include "tests/support/reference_zlib.hpp"

#include <gtest/gtest.h>

namespace peerpress::pipeline::gzip {
namespace {

using test::bytes;

bytes bytes_of(std::initializer_list<int> values) {
    bytes result;
    for (const int value : values) result.push_back(static_cast<std::byte>(value));
    return result;
}

bytes member_of(bytes header, const bytes& data) {
    const bytes stream = test::reference_deflate(data, 6, test::raw_window);
    bytes end(trailer_bytes);
    write_trailer(end, {.crc32 = test::reference_crc32(data),
                        .isize = static_cast<std::uint32_t>(data.size())});
    header.insert(header.end(), stream.begin(), stream.end());
    header.insert(header.end(), end.begin(), end.end());
    return header;
}

TEST(GzipMember, HasAHeaderByteExactlyAsMiGz) {
    bytes header(member_header_bytes);

    write_member_header(header, 0x01020304);

    EXPECT_EQ(header,
              bytes_of({0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 2, 0, 8, 0, 'M', 'Z', 4, 0, 4, 3, 2, 1}));
    const header_result result = parse_header(header, true);
    EXPECT_EQ(result.header.header_bytes, member_header_bytes);
    EXPECT_EQ(result.header.convention, convention::migz);
    EXPECT_EQ(result.header.member_bytes, member_header_bytes + 0x01020304 + trailer_bytes);
}

TEST(GzipMember, DecodesByZlibWithEveryHeaderWeWrite) {
    const bytes data = test::compressible_bytes(10'000, 1);
    bytes ours(member_header_bytes);
    write_member_header(ours, 1);
    bytes bgzf(bgzf_header_bytes);
    write_bgzf_header(bgzf, 10'000);
    bytes plain(plain_header_bytes);
    write_plain_header(plain, 6);

    for (const bytes& header : {ours, bgzf, plain}) {
        const bytes member = member_of(header, data);
        const auto decoded = test::reference_inflate(member, test::gzip_window);
        EXPECT_EQ(decoded.verdict, test::reference_verdict::complete);
        EXPECT_EQ(decoded.input_bytes, member.size());
        EXPECT_EQ(decoded.data, data);
    }
}

TEST(GzipMember, HasABgzfHeaderByteExactlyAsHtslib) {
    bytes header(bgzf_header_bytes);

    write_bgzf_header(header, 65536);

    EXPECT_EQ(header,
              bytes_of({0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0xff, 6, 0, 'B', 'C', 2, 0, 0xff, 0xff}));
    EXPECT_EQ(parse_header(header, true).header.member_bytes, 65536u);
}

TEST(GzipMember, EndsABgzfFileWithItsEmptyBlock) {
    const bytes expected = bytes_of({0x1f, 0x8b, 8,    4, 0, 0, 0, 0, 0, 0xff, 6, 0, 'B', 'C',
                                     2,    0,    0x1b, 0, 3, 0, 0, 0, 0, 0,    0, 0, 0,   0});
    const bytes_view block = bgzf_end_of_file();

    EXPECT_EQ(bytes(block.begin(), block.end()), expected);
    EXPECT_EQ(parse_header(block, true).header.member_bytes, block.size());
    EXPECT_EQ(test::reference_inflate(block, test::gzip_window).verdict,
              test::reference_verdict::complete);
}

TEST(GzipMember, TellsTheLevelInAPlainHeaderAsGzipDoes) {
    bytes header(plain_header_bytes);

    write_plain_header(header, 1);
    EXPECT_EQ(header, bytes_of({0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 3}));
    write_plain_header(header, 6);
    EXPECT_EQ(header, bytes_of({0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3}));
    write_plain_header(header, 9);
    EXPECT_EQ(header, bytes_of({0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3}));
    EXPECT_EQ(parse_header(header, true).header.convention, convention::none);
}

TEST(GzipTrailer, ReadsWhatItWrites) {
    bytes at(trailer_bytes);

    write_trailer(at, {.crc32 = 0x01020304, .isize = 0xfffefdfc});

    EXPECT_EQ(at, bytes_of({4, 3, 2, 1, 0xfc, 0xfd, 0xfe, 0xff}));
    EXPECT_EQ(parse_trailer(at).crc32, 0x01020304u);
    EXPECT_EQ(parse_trailer(at).isize, 0xfffefdfcu);
}

}  // namespace
}  // namespace peerpress::pipeline::gzip
