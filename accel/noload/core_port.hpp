// One core of a device, as commands reach it: an NVMe namespace, or a test's.
#pragma once

#include "io/nvme_passthrough.hpp"

namespace peerpress::accel::noload {

class core_port {
public:
    virtual ~core_port() = default;

    // As io::nvme_passthrough::send.
    virtual awaitable<io::command_result> send(io::nvme_command command) = 0;
};

}  // namespace peerpress::accel::noload
