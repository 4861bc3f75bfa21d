#include "io/topology/mounts.hpp"

#include <gtest/gtest.h>

namespace peerpress::io::topology {
namespace {

TEST(Mountinfo, IsReadWithAndWithoutOptionalFields) {
    const auto mounts = parse_mountinfo(
        "27 1 259:2 / / rw,relatime - ext4 /dev/nvme0n1p2 rw,discard\n"
        "36 27 259:3 / /data rw,noatime shared:1 master:2 - xfs /dev/nvme1n1 rw,rtdev=/dev/sdb\n");

    ASSERT_EQ(mounts.size(), 2u);
    EXPECT_EQ(mounts[0].id, 27u);
    EXPECT_EQ(mounts[0].device, "259:2");
    EXPECT_EQ(mounts[0].mount_point, "/");
    EXPECT_EQ(mounts[0].type, "ext4");
    EXPECT_TRUE(mounts[0].has_option("discard"));
    EXPECT_FALSE(mounts[0].has_option("data=journal"));
    EXPECT_EQ(mounts[1].type, "xfs");
    EXPECT_EQ(mounts[1].source, "/dev/nvme1n1");
    EXPECT_TRUE(mounts[1].has_option_named("rtdev"));
}

TEST(Mountinfo, HasItsEscapesUndone) {
    const auto mounts = parse_mountinfo("36 27 0:3 / /my\\040disk\\134n rw - tmpfs tmpfs rw\n");

    ASSERT_EQ(mounts.size(), 1u);
    EXPECT_EQ(mounts[0].mount_point, "/my disk\\n");
}

TEST(Mountinfo, LeavesOddLinesOut) {
    EXPECT_TRUE(parse_mountinfo("").empty());
    EXPECT_TRUE(
        parse_mountinfo("nonsense\n1 2 3\n - - - - - - - \nx 27 0:3 / / rw - ext4 /dev/x rw\n")
            .empty());
    EXPECT_TRUE(parse_mountinfo("36 27 0:3 / / rw - ext4\n").empty());
    EXPECT_TRUE(parse_mountinfo("36 27 0:3 / / rw shared:1\n").empty());
}

}  // namespace
}  // namespace peerpress::io::topology
