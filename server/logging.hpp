// Logs go to stderr, one line each. Where that is the journal, each begins with its priority and
// nothing else: the journal knows time and program itself.
#pragma once

#include <string>

namespace peerpress::server {

void set_up_logging(const std::string& level);

}  // namespace peerpress::server
