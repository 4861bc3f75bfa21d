#include "pipeline/format.hpp"

#include <gtest/gtest.h>

#include <set>

namespace peerpress::pipeline {
namespace {

TEST(Container, IsFoundByItsName) {
    for (const container c : {container::gzip, container::bgzf, container::plain, container::zlib,
                              container::deflate}) {
        EXPECT_EQ(container_from_name(container_name(c)), c);
    }
    EXPECT_EQ(container_from_name("zip"), std::nullopt);
    EXPECT_EQ(container_from_name(""), std::nullopt);
}

TEST(Container, HasTheSuffixThatItsReadersExpect) {
    EXPECT_EQ(container_suffix(container::gzip), ".gz");
    EXPECT_EQ(container_suffix(container::bgzf), ".gz");
    EXPECT_EQ(container_suffix(container::plain), ".gz");
    EXPECT_EQ(container_suffix(container::zlib), ".zz");
    EXPECT_EQ(container_suffix(container::deflate), ".deflate");
}

TEST(FormatErrors, HaveWordsOfTheirOwnEach) {
    std::set<std::string> messages;
    for (int value = 1; value <= static_cast<int>(format_errc::source_changed); ++value) {
        messages.insert(make_error_code(static_cast<format_errc>(value)).message());
    }

    EXPECT_EQ(messages.size(), static_cast<std::size_t>(format_errc::source_changed));
    EXPECT_STREQ(make_error_code(format_errc::truncated).category().name(), "format");
}

TEST(FormatErrors, SayWhichMemberAndWhere) {
    const format_error error(format_errc::wrong_checksum, 3, 917'504);

    EXPECT_STREQ(error.what(), "member 3 at offset 917504: wrong checksum");
    EXPECT_EQ(error.code(), format_errc::wrong_checksum);
    EXPECT_EQ(error.member_index(), 3u);
    EXPECT_EQ(error.offset_bytes(), 917'504u);
}

}  // namespace
}  // namespace peerpress::pipeline
