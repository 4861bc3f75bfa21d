#include "jobs/reason.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <set>

namespace peerpress::jobs {
namespace {

constexpr int reason_count = static_cast<int>(reason::metadata_lost) + 1;

TEST(Reason, HasADistinctUpperSnakeNameThatLeadsBackToIt) {
    std::set<std::string_view> seen;
    for (int index = 0; index < reason_count; ++index) {
        const auto value = static_cast<reason>(index);

        const std::string_view name = reason_name(value);

        EXPECT_TRUE(seen.insert(name).second) << name;
        EXPECT_EQ(reason_from_name(name), value) << name;
        for (const char letter : name)
            EXPECT_TRUE(std::isupper(letter) || std::isdigit(letter) || letter == '_') << name;
    }
}

TEST(Reason, TakesANameItDoesNotKnowForInternal) {
    EXPECT_EQ(reason_from_name("FROM_A_NEWER_SERVER"), reason::internal);
    EXPECT_EQ(reason_name(static_cast<reason>(10'000)), "INTERNAL");
}

TEST(Reason, HasTheExitCodesOfGzipAndTheThreeBeyond) {
    EXPECT_EQ(exit_code(reason::none), 0);
    EXPECT_EQ(exit_code(reason::source_not_found), 1);
    EXPECT_EQ(exit_code(reason::corrupt_input), 1);
    EXPECT_EQ(exit_code(reason::source_is_directory), 2);
    EXPECT_EQ(exit_code(reason::output_exists), 2);
    EXPECT_EQ(exit_code(reason::source_has_suffix), 2);
    EXPECT_EQ(exit_code(reason::trailing_garbage), 2);
    EXPECT_EQ(exit_code(reason::metadata_lost), 2);
    EXPECT_EQ(exit_code(reason::draining), 4);
    EXPECT_EQ(exit_code(reason::permission_denied), 5);
}

}  // namespace
}  // namespace peerpress::jobs
