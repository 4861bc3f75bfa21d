// docs/format.md shows a file byte by byte; here its example is held against the code.
#include "pipeline/gzip/member.hpp"
#include "pipeline/gzip/padding.hpp"
#include "tests/support/reference_zlib.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <regex>
#include <string>

namespace peerpress::pipeline::gzip {
namespace {

using test::bytes;

constexpr std::size_t block_bytes = 64;
constexpr std::string_view text = "Peerpress packs.\n";
constexpr std::size_t codec_bytes = 19;

// All lines that look like `0010  24 00 ...`.
bytes example() {
    std::ifstream document(PEERPRESS_SOURCE_DIR "/docs/format.md");
    const std::regex dump_line("[0-9a-f]{4}  (([0-9a-f]{2} ?)+)");
    bytes dump;
    std::string line;
    while (std::getline(document, line)) {
        std::smatch match;
        if (!std::regex_match(line, match, dump_line)) continue;
        std::istringstream values(match[1]);
        for (unsigned value; values >> std::hex >> value;)
            dump.push_back(static_cast<std::byte>(value));
    }
    return dump;
}

TEST(FormatDocument, HasAnExampleThatDecodesToItsText) {
    const auto decoded = test::reference_inflate(example(), test::gzip_window);

    ASSERT_EQ(decoded.verdict, test::reference_verdict::complete);
    EXPECT_EQ(
        std::string_view(reinterpret_cast<const char*>(decoded.data.data()), decoded.data.size()),
        text);
}

TEST(FormatDocument, HasAnExampleThatOurWritersWriteByteByByte) {
    const bytes shown = example();
    ASSERT_EQ(shown.size(), block_bytes);
    const auto codec_output = shown.end() - trailer_bytes - codec_bytes;
    const bytes data(reinterpret_cast<const std::byte*>(text.data()),
                     reinterpret_cast<const std::byte*>(text.data() + text.size()));

    bytes member(member_header_bytes);
    const std::size_t pad =
        padding_bytes(member_header_bytes + codec_bytes + trailer_bytes, block_bytes);
    write_member_header(member, static_cast<std::uint32_t>(pad + codec_bytes));
    member.resize(member.size() + pad);
    write_padding(bytes_span(member).last(pad));
    member.insert(member.end(), codec_output, codec_output + codec_bytes);
    member.resize(member.size() + trailer_bytes);
    write_trailer(
        bytes_span(member).last(trailer_bytes),
        {.crc32 = test::reference_crc32(data), .isize = static_cast<std::uint32_t>(text.size())});

    EXPECT_EQ(member, shown);
}

TEST(FormatDocument, HasAnExampleWhoseLengthFieldIsTrue) {
    const bytes shown = example();

    const header_result result = parse_header(shown, true);

    EXPECT_EQ(result.header.convention, convention::migz);
    EXPECT_EQ(result.header.header_bytes, member_header_bytes);
    EXPECT_EQ(result.header.member_bytes, shown.size());
}

}  // namespace
}  // namespace peerpress::pipeline::gzip
