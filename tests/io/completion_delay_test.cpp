#include "io/completion_delay.hpp"

#include <gtest/gtest.h>

namespace peerpress::io {
namespace {

TEST(CompletionDelay, IsOffWhereFewOperationsAreUnderWay) {
    completion_delay delay;

    EXPECT_EQ(delay.together(1), 1u);
    EXPECT_EQ(delay.together(completion_delay::in_flight_min - 1), 1u);
}

TEST(CompletionDelay, WaitsForAShareOfManyButNoMoreThanItsMost) {
    completion_delay delay;

    EXPECT_EQ(delay.together(8), 2u);
    EXPECT_EQ(delay.together(24), 6u);
    EXPECT_EQ(delay.together(128), completion_delay::together_max);
}

TEST(CompletionDelay, GoesOnWhileSeveralComeTogether) {
    completion_delay delay;
    for (int wait = 0; wait < 100; ++wait) {
        ASSERT_EQ(delay.together(24), 6u);
        delay.ended(2);
    }
}

// Waits without delay between one that did not pay and the next.
unsigned pause_after(completion_delay& delay, std::uint32_t came) {
    delay.ended(came);
    unsigned waits = 0;
    while (delay.together(24) == 1) ++waits;
    return waits;
}

TEST(CompletionDelay, PausesLongerEachTimeThatItDoesNotPay) {
    completion_delay delay;
    ASSERT_EQ(delay.together(24), 6u);

    EXPECT_EQ(pause_after(delay, 0), 8u);
    EXPECT_EQ(pause_after(delay, 1), 16u);
    for (int wait = 0; wait < 20; ++wait) pause_after(delay, 1);
    EXPECT_EQ(pause_after(delay, 1), completion_delay::pause_max);

    delay.ended(3);
    EXPECT_EQ(pause_after(delay, 1), 8u);
}

}  // namespace
}  // namespace peerpress::io
