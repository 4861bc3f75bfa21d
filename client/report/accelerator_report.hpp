// What `devices` tells of accelerators, for people and as lines of --json: pure functions.
#pragma once

#include "accel/noload/discovery.hpp"

#include <boost/json.hpp>

#include <string>
#include <vector>

namespace peerpress::client {

// A line for each; nothing where there are none.
std::string accelerators_text(const std::vector<accel::noload::found_device>& found);
std::vector<boost::json::object> accelerators_json(
    const std::vector<accel::noload::found_device>& found);

}  // namespace peerpress::client
