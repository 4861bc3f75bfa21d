// A Unix socket that listens at a path, taken over from nobody who still answers.
#pragma once

#include <string>

namespace peerpress::server {

// Makes the directory (mode 0700) where there is none, removes a socket that nobody answers on,
// binds, sets the mode, listens. Returns the descriptor, non-blocking. Throws refusal, with the way
// out.
int listen_unix(const std::string& path, unsigned mode);

}  // namespace peerpress::server
