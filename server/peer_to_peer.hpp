// What the server offers of copies from peer to peer and of raw devices, by its configuration.
#pragma once

#include "jobs/device_rules.hpp"
#include "jobs/p2p_planner.hpp"
#include "peerpress/v1/server_service.pb.h"
#include "server/config.hpp"

#include <string>

namespace peerpress::server {

jobs::p2p_options p2p_options_of(const config& c);

// Whoever reaches the socket acts with the daemon's rights, and a raw device is beneath every
// file's permissions: so a socket that admits others serves none.
jobs::device_rules device_rules_of(const config& c, bool socket_is_private);

// Does the listening Unix socket let in nobody but its owner (and root)?
bool is_private_socket(int listening_fd);

// What of the configuration comes to nothing, in a line for the operator; empty: nothing does.
std::string p2p_warning(const config& c, bool socket_is_private);

// Devices that are served only. Reads sysfs.
v1::PeerToPeer describe_p2p(const config& c, const jobs::device_rules& devices,
                            const jobs::p2p_planner& planner);

}  // namespace peerpress::server
