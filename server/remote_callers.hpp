// The callers of the TLS listener, by the certificates that their connections showed.
#pragma once

#include "server/caller.hpp"
#include "server/identities.hpp"

#include <grpcpp/security/auth_context.h>

#include <memory>

namespace peerpress::server {

class remote_callers final : public callers {
public:
    explicit remote_callers(std::shared_ptr<const identities> known) : known_(std::move(known)) {}

    caller of(const grpc::CallbackServerContext& context) const override;

private:
    std::shared_ptr<const identities> known_;
};

// Of a connection whose certificate gRPC has verified; none of any other.
certificate_names names_in(const grpc::AuthContext& connection);

}  // namespace peerpress::server
