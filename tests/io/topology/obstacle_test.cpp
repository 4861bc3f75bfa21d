#include "io/topology/obstacle.hpp"

#include <gtest/gtest.h>

#include <set>

namespace peerpress::io::topology {
namespace {

TEST(Obstacle, HasANameOfItsOwn) {
    std::set<std::string_view> names;
    const int last = static_cast<int>(obstacle::storage_unreadable);
    for (int i = 0; i <= last; ++i) names.insert(obstacle_name(static_cast<obstacle>(i)));

    EXPECT_EQ(names.size(), static_cast<std::size_t>(last) + 1);
    EXPECT_EQ(obstacle_name(obstacle::acs_redirect), "ACS_REDIRECT");
    EXPECT_EQ(obstacle_name(obstacle::storage_unreadable), "STORAGE_UNREADABLE");
}

TEST(Obstacle, IsUncertainWhereSomethingCouldNotBeRead) {
    EXPECT_TRUE(is_uncertain(obstacle::acs_unreadable));
    EXPECT_FALSE(is_uncertain(obstacle::acs_redirect));
}

}  // namespace
}  // namespace peerpress::io::topology
