// `peerpress gzip`: what gzip does, by our pipeline. Always in this process.
#pragma once

#include "client/interruption.hpp"

#include <string>
#include <vector>

namespace peerpress::client::gzip {

// gzip's exit codes: 0, 1 an error, 2 a warning. Throws usage_error and broken_pipe.
int run(const std::vector<std::string>& arguments, interruption& interrupted);

}  // namespace peerpress::client::gzip
