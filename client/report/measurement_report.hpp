// What a measurement found, for people and for programs: pure functions.
#pragma once

#include "client/in_process/measurement.hpp"

#include <boost/json.hpp>

#include <string>
#include <vector>

namespace peerpress::client {

std::string measurement_text(const measurement& made);

// A line for each run.
std::vector<boost::json::object> measurement_json(const measurement& made);

}  // namespace peerpress::client
