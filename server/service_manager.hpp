// What systemd wants to hear, and what it hands over. Silent where it did not start us.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace peerpress::server {

void notify_ready(const std::string& status);
void notify_status(const std::string& status);
void notify_stopping();
void notify_watchdog();

// How often systemd wants to hear that all is well; nullopt: never.
std::optional<std::chrono::microseconds> watchdog_interval();

// The Unix socket it listens on for us, if it does. Throws refusal for sockets of another kind or
// number.
std::optional<int> passed_socket();

}  // namespace peerpress::server
