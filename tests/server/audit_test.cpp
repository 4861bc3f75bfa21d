#include "server/audit.hpp"

#include <gtest/gtest.h>
#include <sys/sysmacros.h>

namespace peerpress::server {
namespace {

TEST(Audit, SaysWhoWasLetDoWhatToWhich) {
    EXPECT_EQ(audit_line({.who = "uid:1000",
                          .pid = 77,
                          .what = "read",
                          .job = "jobs/x",
                          .root = "/srv",
                          .path = "/srv/a",
                          .device = makedev(259, 2),
                          .inode = 1234}),
              R"({"who":"uid:1000","pid":77,"what":"read","job":"jobs/x","root":"/srv",)"
              R"("path":"/srv/a","file":"259:2:1234","verdict":"granted"})");
}

TEST(Audit, SaysWhyNot) {
    EXPECT_EQ(audit_line({.who = "uid:7",
                          .what = "GetJob",
                          .error = {jobs::reason::job_not_found, "words with \"/a/path\""}}),
              R"({"who":"uid:7","what":"GetJob","verdict":"refused","reason":"JOB_NOT_FOUND"})");
}

// A name may hold anything: a line end would forge a second line, and an escape a terminal's.
TEST(Audit, IsOneLineOfJsonWhateverNamesHold) {
    const std::string line =
        audit_line({.who = "uid:7", .what = "read", .path = "/a\n\"b\\\x1b[2J\xff\"}"});

    EXPECT_EQ(line, R"({"who":"uid:7","what":"read","path":"/a\\x0a\"b\\\\\\x1b[2J\\xff\"}",)"
                    R"("verdict":"granted"})");
}

TEST(Audit, TellsRefusalsFromFailures) {
    EXPECT_TRUE(is_refusal(jobs::reason::source_unreadable));
    EXPECT_TRUE(is_refusal(jobs::reason::permission_denied));
    EXPECT_FALSE(is_refusal(jobs::reason::source_not_found));
    EXPECT_FALSE(is_refusal(jobs::reason::no_space));
    EXPECT_FALSE(is_refusal(jobs::reason::none));
}

}  // namespace
}  // namespace peerpress::server
