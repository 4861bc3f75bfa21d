#include "client/gzip/messages.hpp"
#include "client/gzip/operand.hpp"
#include "client/gzip/original_name.hpp"

#include <gtest/gtest.h>

#include <span>

namespace peerpress::client::gzip {
namespace {

using jobs::reason;

std::optional<original_name> parsed(std::string_view head) {
    return parse_original_name(std::as_bytes(std::span(head)));
}

using namespace std::string_view_literals;

TEST(OriginalName, IsReadFromTheHeader) {
    const auto plain = parsed("\x1f\x8b\x08\x08\x78\x56\x34\x12\x00\x03name\0rest"sv);
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->name, "name");
    EXPECT_EQ(plain->time_s, 0x12345678u);

    const auto after_extra = parsed("\x1f\x8b\x08\x0c\0\0\0\0\x00\x03\x02\x00xyname\0"sv);
    ASSERT_TRUE(after_extra);
    EXPECT_EQ(after_extra->name, "name");
    EXPECT_EQ(parsed("\x1f\x8b\x08\x00\0\0\0\0\x00\x03"sv)->name, "");
}

TEST(OriginalName, NeverLeadsElsewhere) {
    EXPECT_EQ(parsed("\x1f\x8b\x08\x08\0\0\0\0\x00\x03../../etc/x\0"sv)->name, "x");
    EXPECT_EQ(parsed("\x1f\x8b\x08\x08\0\0\0\0\x00\x03..\0"sv)->name, "");
    EXPECT_EQ(parsed("\x1f\x8b\x08\x08\0\0\0\0\x00\x03"
                     "a/\0"sv)
                  ->name,
              "");
}

TEST(OriginalName, IsNoneWhereTheHeaderIsCutShortOrNoGzip) {
    EXPECT_FALSE(parsed("\x1f\x8b\x08\x08\0\0\0\0\x00"sv));
    EXPECT_FALSE(parsed("\x1f\x8b\x08\x08\0\0\0\0\x00\x03name"sv));
    EXPECT_FALSE(parsed("\x1f\x8b\x08\x0c\0\0\0\0\x00\x03\xff"sv));
    EXPECT_FALSE(parsed("\x1f\x8b\x08\x0c\0\0\0\0\x00\x03\xff\xff"sv));
    EXPECT_FALSE(parsed("PK\x03\x04 and so on"sv));
}

struct stat regular(mode_t mode, nlink_t links = 1) {
    struct stat status{};
    status.st_mode = S_IFREG | mode;
    status.st_nlink = links;
    return status;
}

TEST(Operand, IsLeftAloneWhereReplacingItWouldLoseSomething) {
    EXPECT_EQ(objection(regular(0644), "a", {}), std::nullopt);
    EXPECT_EQ(objection(regular(04755), "a", {}), "a is set-user-ID on execution - ignored");
    EXPECT_EQ(objection(regular(02755), "a", {}), "a is set-group-ID on execution - ignored");
    EXPECT_EQ(objection(regular(01644), "a", {}), "a has the sticky bit set - file ignored");
    EXPECT_EQ(objection(regular(0644, 2), "a\n", {}), "a\\n has 1 other link -- file ignored");
    EXPECT_EQ(objection(regular(0644, 3), "a", {}), "a has 2 other links -- file ignored");
    EXPECT_EQ(objection(regular(0644, 3), "a", {.force = true}), std::nullopt);
    EXPECT_EQ(objection(regular(04755, 3), "a", {.to_stdout = true}), std::nullopt);
    EXPECT_EQ(objection(regular(04755, 3), "a", {.action = action::test}), std::nullopt);
}

TEST(GzipMessages, HaveGzipsThreeExitCodes) {
    EXPECT_EQ(gzip::exit_code({reason::corrupt_input, ""}), 1);
    EXPECT_EQ(gzip::exit_code({reason::output_exists, ""}), 2);
    EXPECT_EQ(gzip::exit_code({reason::trailing_garbage, ""}), 2);
    EXPECT_EQ(gzip::exit_code({reason::permission_denied, ""}), 1);
}

TEST(GzipMessages, ShowWhatCompressionSaved) {
    EXPECT_EQ(saved_text(1000, 339), "66.1%");
    EXPECT_EQ(saved_text(3, 25), "-733.3%");
    EXPECT_EQ(saved_text(0, 20), "0.0%");

    jobs::file_result file;
    file.source = "a";
    file.destination = "a.gz";
    file.bytes_in = 1000;
    file.bytes_out = 339;
    EXPECT_EQ(done_line(file, {}), "a:\t 66.1% -- replaced with a.gz");
    EXPECT_EQ(done_line(file, {.keep = true}), "a:\t 66.1% -- created a.gz");
    file.destination = "-";
    EXPECT_EQ(done_line(file, {}), "a:\t 66.1% -- replaced with stdout");
    file.source = "-";
    EXPECT_EQ(done_line(file, {}), " 66.1%");
}

TEST(GzipMessages, EscapeNames) {
    jobs::file_result file;
    file.source = "a\x1b";
    EXPECT_EQ(message({reason::source_is_directory, ""}, file, {}),
              "a\\x1b is a directory -- ignored");
    EXPECT_EQ(message({reason::io_error, "a\x1b: broken"}, file, {}), "a\\x1b: broken");
}

}  // namespace
}  // namespace peerpress::client::gzip
