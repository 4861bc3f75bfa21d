// The accelerators of the machine, as the server finds and shows them.
#pragma once

#include "accel/device_engine.hpp"
#include "peerpress/v1/server_service.pb.h"
#include "pipeline/lane.hpp"
#include "server/config.hpp"

#include <vector>

namespace peerpress::server {

// Looks for them and opens them on the lane. Blocks until each has been tested once, which takes
// milliseconds.
accel::device_engines open_accelerators(const config& c, pipeline::lane& lane);

// What one of them is, and how it is at this moment.
struct accelerator_view {
    accel::device_identity identity;
    accel::device_state state;
};
// On the lane.
std::vector<accelerator_view> view_accelerators(const accel::device_engines& devices);

v1::Accelerator to_proto(const accelerator_view& view);

}  // namespace peerpress::server
