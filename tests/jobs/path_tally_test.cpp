#include "jobs/path_tally.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peerpress::jobs {
namespace {

TEST(PathTally, TellsWaysApartByPathDeviceAndReason) {
    path_tally tally;

    tally.counter({.path = data_path::p2p, .device = "nvme2"}) += 10;
    tally.counter({.path = data_path::p2p, .device = "nvme3"}) += 20;
    tally.counter({.path = data_path::p2p, .device = "nvme2"}) += 5;
    tally.counter({.path = data_path::host, .reason = "asked for"}) += 1;

    const std::vector<path_bytes> found = tally.snapshot();
    ASSERT_EQ(found.size(), 3u);
    EXPECT_EQ(found[0].bytes, 15u);
    EXPECT_EQ(found[1].device, "nvme3");
    EXPECT_EQ(found[2].reason, "asked for");
}

TEST(PathTally, LeavesOutWhatNothingHasGone) {
    path_tally tally;

    tally.counter({.path = data_path::cpu});

    EXPECT_TRUE(tally.snapshot().empty());
}

TEST(PathTally, LeavesReasonsOutBeforeItGrowsWithoutBound) {
    path_tally tally;

    for (int i = 0; i < 1000; ++i)
        tally.counter({.path = data_path::host, .reason = std::to_string(i)}) += 1;

    const std::vector<path_bytes> found = tally.snapshot();
    EXPECT_LE(found.size(), 33u);
    std::uint64_t sum = 0;
    for (const path_bytes& part : found) sum += part.bytes;
    EXPECT_EQ(sum, 1000u);
}

TEST(PathNames, AreReadAsTheyAreWritten) {
    for (const data_path path : {data_path::p2p, data_path::host, data_path::cpu})
        EXPECT_EQ(data_path_from_name(data_path_name(path)), path);
    EXPECT_EQ(data_path_from_name("rail"), std::nullopt);
}

}  // namespace
}  // namespace peerpress::jobs
