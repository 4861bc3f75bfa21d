// TLS in which both sides show certificates, for a gRPC server.
//
// gRPC verifies a client's certificate in the handshake: issued by tls.client_ca, valid now, not
// revoked. That says who it is, not what it may: each call is refused whose certificate stands for
// nobody in the configuration. Both leave a line in the record.
#pragma once

#include "server/config.hpp"
#include "server/identities.hpp"

#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <string_view>

namespace peerpress::server {

// Throws refusal where a file cannot be used. They are read again while the server runs, with every
// mistake in them kept from counting: what was last good stays.
std::shared_ptr<grpc::ServerCredentials> tls_credentials(const config& config,
                                                         std::shared_ptr<const identities> known);

}  // namespace peerpress::server
