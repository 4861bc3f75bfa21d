// The accelerators of the machine, as the server shows them.
#pragma once

#include "accel/device_engine.hpp"
#include "peerpress/v1/server_service.pb.h"

namespace peerpress::server {

// What one of them is, and how it is at this moment.
struct accelerator_view {
    accel::device_identity identity;
    accel::device_state state;
};

v1::Accelerator to_proto(const accelerator_view& view);

}  // namespace peerpress::server
