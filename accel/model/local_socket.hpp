// Unix sockets by path.
#pragma once

#include "io/unique_fd.hpp"

#include <string>

namespace peerpress::accel::model {

// Both throw system_error. A socket that nobody listens on any more is replaced.
io::unique_fd listen_at(const std::string& path);
io::unique_fd connect_to(const std::string& path);

}  // namespace peerpress::accel::model
