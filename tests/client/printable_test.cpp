#include "client/printable.hpp"

#include <gtest/gtest.h>

namespace peerpress::client {
namespace {

TEST(Printable, LeavesTextAsItIs) {
    EXPECT_EQ(printable("a b\\c"), "a b\\c");
    EXPECT_EQ(printable("Grüße-日本-🙂"), "Grüße-日本-🙂");
    EXPECT_EQ(printable(""), "");
}

TEST(Printable, EscapesWhatATerminalWouldActOn) {
    EXPECT_EQ(printable("a\nb\tc"), "a\\nb\\tc");
    EXPECT_EQ(printable("\x1b]0;title\x07"), "\\x1b]0;title\\x07");
    EXPECT_EQ(printable("\x7f"), "\\x7f");
    EXPECT_EQ(printable("\xc2\x9b[2J"), "\\xc2\\x9b[2J");  // CSI as a C1 control
}

TEST(Printable, EscapesBytesThatAreNotUtf8) {
    EXPECT_EQ(printable("caf\xe9"), "caf\\xe9");
    EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");           // overlong
    EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
    EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82");           // cut short
}

TEST(Utf8, TellsValidFromInvalid) {
    EXPECT_TRUE(is_utf8(""));
    EXPECT_TRUE(is_utf8("Grüße\n"));
    EXPECT_TRUE(is_utf8("\xf4\x8f\xbf\xbf"));
    EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));
    EXPECT_FALSE(is_utf8("\xff"));
    EXPECT_EQ(to_utf8("a\xff"
                      "b"),
              "a\xef\xbf\xbd"
              "b");
}

TEST(Base64, PadsAsRfc4648Says) {
    EXPECT_EQ(base64(""), "");
    EXPECT_EQ(base64("f"), "Zg==");
    EXPECT_EQ(base64("fo"), "Zm8=");
    EXPECT_EQ(base64("foo"), "Zm9v");
    EXPECT_EQ(base64("foob"), "Zm9vYg==");
    EXPECT_EQ(base64("\xff\xfe\xfd"), "//79");
}

}  // namespace
}  // namespace peerpress::client
