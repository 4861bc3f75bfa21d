// What gRPC itself has to say: into our log. Of a connection that ends before it has shown a valid
// certificate gRPC tells nobody but its log, so that the record of refused ones is made from that.
#pragma once

#include <string>
#include <string_view>

namespace peerpress::server {

// From now on, for the whole process.
void route_grpc_log();

// "SSL routines::certificate verify failed" of a line about a handshake that failed in TLS; empty
// for any other.
std::string refused_handshake(std::string_view line);

}  // namespace peerpress::server
