#include "io/cores.hpp"

#include "tests/support/temp_dir.hpp"

#include <gtest/gtest.h>
#include <sched.h>

#include <fstream>

namespace peerpress::io {
namespace {

TEST(Cores, ReadsTheQuotaOfCgroupV2) {
    EXPECT_EQ(quota_of_cpu_max("150000 100000\n"), 1.5);
    EXPECT_EQ(quota_of_cpu_max("max 100000\n"), std::nullopt);
    EXPECT_EQ(quota_of_cpu_max(""), std::nullopt);
    EXPECT_EQ(quota_of_cpu_max("100000"), std::nullopt);
    EXPECT_EQ(quota_of_cpu_max("100000 0"), std::nullopt);
    EXPECT_EQ(quota_of_cpu_max("12x 100000"), std::nullopt);
}

TEST(Cores, ReadsTheQuotaOfCgroupV1) {
    EXPECT_EQ(quota_of_cfs("50000\n", "100000\n"), 0.5);
    EXPECT_EQ(quota_of_cfs("-1\n", "100000\n"), std::nullopt);
    EXPECT_EQ(quota_of_cfs("", ""), std::nullopt);
}

TEST(Cores, FindsTheProcesssGroup) {
    constexpr std::string_view groups =
        "4:memory:/jobs\n"
        "2:cpu,cpuacct:/jobs/a:b\n"
        "1:cpuset:/\n"
        "0::/user.slice\n";

    EXPECT_EQ(cgroup_path(groups, "cpu"), "/jobs/a:b");
    EXPECT_EQ(cgroup_path(groups, "cpuacct"), "/jobs/a:b");
    EXPECT_EQ(cgroup_path(groups, ""), "/user.slice");
    EXPECT_EQ(cgroup_path(groups, "pids"), std::nullopt);
    EXPECT_EQ(cgroup_path("", "cpu"), std::nullopt);
    EXPECT_EQ(cgroup_path("0::/no-newline", ""), "/no-newline");
    EXPECT_EQ(cgroup_path("nonsense\n:\n", ""), std::nullopt);
}

class CgroupTree : public testing::Test {
protected:
    void put(const std::string& path, std::string_view text) {
        std::filesystem::create_directories((root.path() / path).parent_path());
        std::ofstream(root.path() / path) << text;
    }

    test::temp_dir root;
};

TEST_F(CgroupTree, TakesTheTightestLimitOnTheWayUp) {
    put("proc/self/cgroup", "0::/slice/service\n");
    put("sys/fs/cgroup/slice/service/cpu.max", "400000 100000\n");
    put("sys/fs/cgroup/slice/cpu.max", "200000 100000\n");
    put("sys/fs/cgroup/other/cpu.max", "100000 100000\n");

    EXPECT_EQ(cgroup_quota(root.path()), 2.0);
}

TEST_F(CgroupTree, LooksAtTheMountPointInAContainerThatSeesTheHostsPath) {
    put("proc/self/cgroup", "2:cpu,cpuacct:/docker/0123\n");
    put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "300000\n");
    put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");

    EXPECT_EQ(cgroup_quota(root.path()), 3.0);
}

TEST_F(CgroupTree, KnowsTheHybridLayout) {
    put("proc/self/cgroup", "1:cpu:/a\n0::/b\n");
    put("sys/fs/cgroup/unified/b/cpu.max", "max 100000\n");
    put("sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "150000\n");
    put("sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n");

    EXPECT_EQ(cgroup_quota(root.path()), 1.5);
}

TEST_F(CgroupTree, HasNoLimitWhereNoneIsSet) {
    EXPECT_EQ(cgroup_quota(root.path()), std::nullopt);

    put("proc/self/cgroup", "0::/\n");
    EXPECT_EQ(cgroup_quota(root.path()), std::nullopt);
}

TEST(Cores, CountsOnlyThoseItMayRunOn) {
    cpu_set_t before;
    ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
    const std::uint32_t all = usable_cores();
    EXPECT_GE(all, 1u);
    EXPECT_LE(all, static_cast<std::uint32_t>(CPU_COUNT(&before)));
    int first = 0;
    while (!CPU_ISSET(first, &before)) ++first;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(first, &one);

    ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
    const std::uint32_t cores = usable_cores();
    ASSERT_EQ(::sched_setaffinity(0, sizeof before, &before), 0);

    EXPECT_EQ(cores, 1u);
}

}  // namespace
}  // namespace peerpress::io
