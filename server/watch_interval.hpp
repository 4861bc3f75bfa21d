// How often a watcher wants to hear.
#pragma once

#include <google/protobuf/duration.pb.h>

#include <chrono>

namespace peerpress::server {

inline constexpr std::chrono::milliseconds watch_interval_min{100};
// Waits are cut into pieces of this length, so that a client that has gone is noticed while nothing
// happens.
inline constexpr std::chrono::seconds watch_wait_max{1};

// What was asked for, `unset` for 0, at least watch_interval_min, at most an hour. Throws
// refusal(invalid_argument) for negative durations.
std::chrono::steady_clock::duration watch_interval(const google::protobuf::Duration& asked,
                                                   std::chrono::steady_clock::duration unset);

}  // namespace peerpress::server
