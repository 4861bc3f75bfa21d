#include "pipeline/copy_plan.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace peerpress::pipeline {
namespace {

using clock = copy_plan::clock;
using std::chrono::seconds;

const clock::time_point start{seconds(1000)};

struct place {
    std::uint64_t offset_bytes;
    std::uint32_t length_bytes;
    friend bool operator==(const place&, const place&) = default;
};

std::ostream& operator<<(std::ostream& out, const place& shown) {
    return out << shown.offset_bytes << "+" << shown.length_bytes;
}

// At most so many, since some plans have no end of their own.
std::vector<place> places(copy_plan& plan, std::size_t count_max = 100) {
    std::vector<place> all;
    while (all.size() < count_max) {
        const auto chunk = plan.next(start);
        if (!chunk) break;
        EXPECT_EQ(chunk->index, all.size());
        all.push_back({chunk->offset_bytes, chunk->length_bytes});
    }
    return all;
}

TEST(CopyPlan, GoesOverTheLengthOnce) {
    copy_plan plan({}, 100, 250, start);

    EXPECT_EQ(places(plan), (std::vector<place>{{0, 100}, {100, 100}, {200, 50}}));
    EXPECT_EQ(plan.reach_bytes(), 250u);
    EXPECT_EQ(plan.chunks_max(), 3u);
}

TEST(CopyPlan, HasNothingToDoWithoutContent) {
    for (const bool repeats : {false, true}) {
        copy_options options;
        if (repeats) options.chunks = 7;
        copy_plan plan(options, 100, 0, start);

        EXPECT_TRUE(places(plan).empty());
        EXPECT_EQ(plan.reach_bytes(), 0u);
    }
}

TEST(CopyPlan, GoesAroundHoles) {
    copy_options options;
    options.holes = {{0, 50}, {200, 100}, {300, 20}, {450, 50}};
    copy_plan plan(options, 100, 500, start);

    EXPECT_EQ(plan.chunks_max(), 4u);
    EXPECT_EQ(plan.reach_bytes(), 500u);
    EXPECT_EQ(places(plan), (std::vector<place>{{50, 100}, {150, 50}, {320, 100}, {420, 30}}));

    options.holes = {{0, 500}};
    copy_plan none(options, 100, 500, start);
    EXPECT_EQ(none.chunks_max(), 0u);
    EXPECT_TRUE(places(none).empty());
}

TEST(CopyPlan, BeginsAgainUntilTheChunksAreThrough) {
    copy_options options;
    options.chunks = 5;
    copy_plan plan(options, 100, 150, start);

    EXPECT_EQ(places(plan),
              (std::vector<place>{{0, 100}, {100, 50}, {0, 100}, {100, 50}, {0, 100}}));
    EXPECT_EQ(plan.reach_bytes(), 150u);
}

TEST(CopyPlan, ReachesNoFurtherThanItsChunks) {
    copy_options options;
    options.chunks = 2;
    copy_plan plan(options, 100, 1000, start);

    EXPECT_EQ(plan.reach_bytes(), 200u);
    EXPECT_EQ(places(plan).size(), 2u);
}

TEST(CopyPlan, LaysChunksOverOneAnother) {
    copy_options options;
    options.overlap = true;
    copy_plan plan(options, 100, 250, start);

    EXPECT_EQ(places(plan), (std::vector<place>{{0, 100}, {0, 100}, {0, 100}}));
    EXPECT_EQ(plan.reach_bytes(), 100u);

    copy_plan small(options, 100, 30, start);
    EXPECT_EQ(places(small), (std::vector<place>{{0, 30}}));
    EXPECT_EQ(small.reach_bytes(), 30u);
}

TEST(CopyPlan, GoesOnUntilTheTimeIsUp) {
    copy_options options;
    options.repeat_for = seconds(2);
    copy_plan plan(options, 100, 150, start);

    EXPECT_EQ(places(plan, 10).size(), 10u);
    EXPECT_TRUE(plan.next(start + seconds(2) - clock::duration(1)));
    EXPECT_FALSE(plan.next(start + seconds(2)));
}

TEST(CopyPlan, StopsAtWhicheverComesFirst) {
    copy_options options;
    options.repeat_for = seconds(2);
    options.chunks = 3;

    copy_plan many(options, 100, 150, start);
    EXPECT_EQ(places(many).size(), 3u);

    copy_plan late(options, 100, 150, start);
    EXPECT_FALSE(late.next(start + seconds(3)));
}

TEST(CopyPlan, GoesOnWhereTheLengthIsUnknownUntilItIsTold) {
    copy_plan plan({}, 100, copy_plan::unknown_length, start);

    EXPECT_FALSE(plan.length_known());
    EXPECT_EQ(places(plan, 3), (std::vector<place>{{0, 100}, {100, 100}, {200, 100}}));
    plan.end();

    EXPECT_FALSE(plan.next(start));
}

}  // namespace
}  // namespace peerpress::pipeline
