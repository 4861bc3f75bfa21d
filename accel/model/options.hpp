// peerpress-model's command line.
#pragma once

#include "accel/model/device.hpp"

#include <optional>
#include <string>
#include <vector>

namespace peerpress::accel::model {

struct options {
    std::string socket;
    std::string control;              // none: no run-time orders
    std::string trace;                // none: to nowhere
    std::vector<std::string> orders;  // carried out before the device appears
    device_options device;
    // Instead of a device: an order to one that runs.
    std::string tell;
};

// Prints help or a complaint, and returns none; then `exit_status` is the program's.
std::optional<options> parse_options(int count, const char* const* words, int& exit_status);

// "compress=3,decompress=1": those that compress come first.
std::optional<std::vector<core_identity>> parse_cores(const std::string& text);

}  // namespace peerpress::accel::model
