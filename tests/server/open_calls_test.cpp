#include "server/open_calls.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <thread>

namespace peerpress::server {
namespace {

using namespace std::chrono_literals;

TEST(OpenCalls, AreWaitedForUntilTheLastHasEnded) {
    open_calls calls;
    EXPECT_TRUE(calls.wait_for_none(0ms));
    std::optional<open_calls::ticket> first(calls);
    open_calls::ticket moved = *std::move(first);
    first.reset();
    EXPECT_EQ(calls.count(), 1u);
    EXPECT_FALSE(calls.wait_for_none(1ms));

    std::thread other([held = std::move(moved)] { std::this_thread::sleep_for(20ms); });

    EXPECT_TRUE(calls.wait_for_none(20s));
    other.join();
}

}  // namespace
}  // namespace peerpress::server
