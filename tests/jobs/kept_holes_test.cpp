#include "jobs/kept_holes.hpp"

#include <gtest/gtest.h>

namespace peerpress::jobs {
namespace {

constexpr std::uint64_t mib = 1 << 20;

std::vector<std::uint64_t> edges(const std::vector<io::byte_range>& ranges) {
    std::vector<std::uint64_t> all;
    for (const io::byte_range& range : ranges) {
        all.push_back(range.offset_bytes);
        all.push_back(range.offset_bytes + range.length_bytes);
    }
    return all;
}

TEST(KeptHoles, AreThoseWorthAGapBetweenChunks) {
    const auto kept = kept_holes({{0, 64 << 10}, {mib, mib}}, 8 * mib, 4096);

    EXPECT_EQ(edges(kept), (std::vector<std::uint64_t>{mib, 2 * mib}));
    EXPECT_EQ(sum_of(kept), mib);
}

TEST(KeptHoles, LieBetweenWholeBlocks) {
    EXPECT_EQ(edges(kept_holes({{mib + 512, mib}}, 8 * mib, 4096)),
              (std::vector<std::uint64_t>{mib + 4096, 2 * mib}));
    EXPECT_TRUE(kept_holes({{512, kept_hole_bytes_min}}, 8 * mib, 4096).empty());
}

TEST(KeptHoles, GoUpToTheEndWhereverThatIs) {
    EXPECT_EQ(edges(kept_holes({{mib, 8 * mib}}, 3 * mib + 77, 4096)),
              (std::vector<std::uint64_t>{mib, 3 * mib + 77}));
}

}  // namespace
}  // namespace peerpress::jobs
