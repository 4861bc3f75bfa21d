#include "pipeline/latency_histogram.hpp"

#include <gtest/gtest.h>

namespace peerpress::pipeline {
namespace {

using std::chrono::nanoseconds;

TEST(LatencyHistogram, HasABucketForEveryTime) {
    std::size_t last = latency_histogram::bucket_of(0);
    EXPECT_EQ(last, 0u);
    for (unsigned bit = 0; bit < 64; ++bit) {
        for (const std::uint64_t offset : {0, 1}) {
            const std::uint64_t time = (std::uint64_t{1} << bit) - 1 + offset;
            const std::size_t bucket = latency_histogram::bucket_of(time);
            EXPECT_GE(bucket, last) << time;
            EXPECT_GE(latency_histogram::longest_in(bucket), time);
            last = bucket;
        }
    }
    EXPECT_EQ(latency_histogram::bucket_of(~std::uint64_t{0}), latency_histogram::buckets - 1);
    EXPECT_EQ(latency_histogram::longest_in(latency_histogram::buckets - 1), ~std::uint64_t{0});
}

TEST(LatencyHistogram, BucketsFollowOneAnother) {
    for (std::size_t bucket = 0; bucket + 1 < latency_histogram::buckets; ++bucket) {
        const std::uint64_t longest = latency_histogram::longest_in(bucket);
        ASSERT_EQ(latency_histogram::bucket_of(longest), bucket);
        ASSERT_EQ(latency_histogram::bucket_of(longest + 1), bucket + 1);
    }
}

TEST(LatencyHistogram, KnowsTimesToThreePercent) {
    for (double time = 1; time < 1e12; time *= 1.37) {
        const auto exact = static_cast<std::uint64_t>(time);
        const auto told = latency_histogram::longest_in(latency_histogram::bucket_of(exact));
        EXPECT_LE(static_cast<double>(told - exact), 0.032 * time) << exact;
    }
}

TEST(LatencyHistogram, FindsQuantiles) {
    latency_histogram times;
    for (int microseconds = 1; microseconds <= 1000; ++microseconds)
        times.add(std::chrono::microseconds(microseconds));

    const latency_summary summary = times.summary();

    EXPECT_EQ(summary.count, 1000u);
    EXPECT_EQ(summary.min, std::chrono::microseconds(1));
    EXPECT_EQ(summary.max, std::chrono::microseconds(1000));
    EXPECT_EQ(summary.mean, nanoseconds(500'500));
    EXPECT_NEAR(static_cast<double>(summary.p50.count()), 500e3, 16e3);
    EXPECT_NEAR(static_cast<double>(summary.p90.count()), 900e3, 29e3);
    EXPECT_NEAR(static_cast<double>(summary.p99.count()), 990e3, 31e3);
    EXPECT_LE(summary.p999, summary.max);
    EXPECT_EQ(times.quantile(1.0), summary.max);
    EXPECT_LE(times.quantile(0.0), std::chrono::nanoseconds(1032));
}

TEST(LatencyHistogram, SaysTheRareLongOneInTheLastQuantileOnly) {
    latency_histogram times;
    for (int count = 0; count < 999; ++count) times.add(nanoseconds(10));
    times.add(std::chrono::seconds(3));

    EXPECT_EQ(times.quantile(0.999), nanoseconds(10));
    EXPECT_EQ(times.quantile(0.9999), std::chrono::seconds(3));
}

TEST(LatencyHistogram, SaysNothingOfNothing) {
    const latency_summary nothing = latency_histogram().summary();

    EXPECT_EQ(nothing.count, 0u);
    EXPECT_EQ(nothing.min, nanoseconds(0));
    EXPECT_EQ(nothing.max, nanoseconds(0));
    EXPECT_EQ(nothing.p999, nanoseconds(0));
}

// A clock that was set back between two looks at it.
TEST(LatencyHistogram, TakesATimeBelowZeroForNone) {
    latency_histogram times;

    times.add(nanoseconds(-5));

    EXPECT_EQ(times.summary().max, nanoseconds(0));
    EXPECT_EQ(times.count(), 1u);
}

TEST(LatencyHistogram, JoinsOthers) {
    latency_histogram some, more;
    some.add(nanoseconds(100));
    more.add(nanoseconds(5));
    more.add(nanoseconds(2000));

    some.add(more);
    some.add(latency_histogram());

    EXPECT_EQ(some.count(), 3u);
    EXPECT_EQ(some.summary().min, nanoseconds(5));
    EXPECT_EQ(some.summary().max, nanoseconds(2000));
    EXPECT_EQ(some.summary().mean, nanoseconds(701));
}

}  // namespace
}  // namespace peerpress::pipeline
