#include "server/remote_callers.hpp"

#include "server/refusal.hpp"

#include <fmt/format.h>
#include <grpc/grpc_security_constants.h>
#include <grpcpp/server_context.h>

namespace peerpress::server {

certificate_names names_in(const grpc::AuthContext& connection) {
    certificate_names names;
    for (const grpc::string_ref& uri : connection.FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME))
        names.uris.emplace_back(uri.data(), uri.size());
    const auto common = connection.FindPropertyValues(GRPC_X509_CN_PROPERTY_NAME);
    if (common.size() == 1) names.common_name.assign(common[0].data(), common[0].size());
    return names;
}

caller remote_callers::of(const grpc::CallbackServerContext& context) const {
    const auto connection = context.auth_context();
    const certificate_names names = connection ? names_in(*connection) : certificate_names{};
    const remote_identity* const who = known_->find(names);
    if (who == nullptr)
        throw refusal(jobs::reason::permission_denied,
                      fmt::format("the certificate's {} stands for nobody here", names.text()),
                      {{"caller", names.text()}});
    return {.rights = {.user = {.uid = who->uid, .gid = who->gid}, .roots = who->roots},
            .identity = who->name};
}

}  // namespace peerpress::server
