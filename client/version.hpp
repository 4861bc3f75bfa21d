#pragma once

namespace peerpress::client {

extern const char* const version;  // "1.2.3"

}  // namespace peerpress::client
