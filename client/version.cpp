#include "client/version.hpp"

namespace peerpress::client {

const char* const version = PEERPRESS_VERSION;

}  // namespace peerpress::client
