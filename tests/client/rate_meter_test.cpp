#include "client/rate_meter.hpp"

#include <gtest/gtest.h>

namespace peerpress::client {
namespace {

using namespace std::chrono_literals;

TEST(RateMeter, KnowsNothingFromOneSample) {
    rate_meter meter;

    EXPECT_EQ(meter.bytes_per_second(), 0);
    meter.add(rate_meter::time_point(1s), 1000);

    EXPECT_EQ(meter.bytes_per_second(), 0);
}

TEST(RateMeter, ForgetsWhatLiesBeforeItsWindow) {
    rate_meter meter(1s);

    for (int i = 0; i <= 10; ++i)
        meter.add(rate_meter::time_point(i * 1s), std::uint64_t(i) * 1000);
    EXPECT_DOUBLE_EQ(meter.bytes_per_second(), 1000);

    for (int i = 11; i <= 13; ++i) meter.add(rate_meter::time_point(i * 1s), 10000);
    EXPECT_DOUBLE_EQ(meter.bytes_per_second(), 0);
}

}  // namespace
}  // namespace peerpress::client
