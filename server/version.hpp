#pragma once

namespace peerpress::server {

inline constexpr const char* version = PEERPRESS_VERSION;

}  // namespace peerpress::server
