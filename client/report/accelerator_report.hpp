// What `devices` tells of accelerators, for people and as lines of --json: pure functions.
//
// One that a server uses is told with the state that the server knows of it; one that this process
// found itself with what it says of itself.
#pragma once

#include "accel/noload/discovery.hpp"
#include "peerpress/v1/server_service.pb.h"

#include <boost/json.hpp>

#include <cstddef>
#include <string>
#include <vector>

namespace peerpress::client {

struct shown_accelerator {
    std::string label;
    std::string address;
    std::string serial;
    std::string model;
    std::size_t span_bytes = 0;
    std::ptrdiff_t compress_cores = 0;
    std::ptrdiff_t decompress_cores = 0;
    std::string state{};   // "serving", "drained", "quarantined"; empty: no server uses it
    std::string reason{};  // why it does not serve
};

shown_accelerator shown(const accel::noload::found_device& found);
shown_accelerator shown(const v1::Accelerator& served);

// The server's, then those that it does not use.
std::vector<shown_accelerator> shown(const std::vector<accel::noload::found_device>& found,
                                     const v1::ServerInfo& server);

// A line for each; nothing where there are none.
std::string accelerators_text(const std::vector<shown_accelerator>& all);
boost::json::object accelerator_json(const shown_accelerator& one);

}  // namespace peerpress::client
