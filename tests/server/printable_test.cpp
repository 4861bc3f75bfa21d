#include "server/printable.hpp"

#include <gtest/gtest.h>

namespace peerpress::server {
namespace {

TEST(Printable, LeavesTextAlone) {
    EXPECT_EQ(printable("/home/ü/日本 \"x\".gz"), "/home/ü/日本 \"x\".gz");
}

TEST(Printable, EscapesWhatATerminalWouldActOn) {
    EXPECT_EQ(printable("a\nb\x1b[31m\x7f"), "a\\x0ab\\x1b[31m\\x7f");
    EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");  // CSI as one character
    EXPECT_EQ(printable(std::string("a\0b", 3)), "a\\x00b");
}

TEST(Printable, EscapesBytesThatAreNotUtf8) {
    EXPECT_EQ(printable("\xff"), "\\xff");
    EXPECT_EQ(printable("\xc3"), "\\xc3");                    // cut off
    EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");           // overlong
    EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
    EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
}

TEST(Printable, IsUnambiguous) {
    EXPECT_EQ(printable("\\x0a"), "\\\\x0a");
}

TEST(Printable, CutsLongTextsAtACharacter) {
    const std::string cut = printable(std::string(100, 'a') + "ü", 50);
    EXPECT_LE(cut.size(), 50u);
    EXPECT_TRUE(cut.ends_with("..."));
}

}  // namespace
}  // namespace peerpress::server
