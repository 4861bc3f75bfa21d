#include "server/tls.hpp"

#include "server/audit.hpp"
#include "server/refusal.hpp"
#include "server/remote_callers.hpp"

#include <fmt/format.h>
#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

namespace peerpress::server {
namespace {

std::string read_pem(const char* key, const std::string& path, std::string_view what) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    if (!file)
        throw refusal(jobs::reason::invalid_argument,
                      fmt::format("{}: {} cannot be read", key, path));
    const std::string found = text.str();
    if (found.find(what) == std::string::npos)
        throw refusal(jobs::reason::invalid_argument,
                      fmt::format("{}: {} holds no \"{}\": it has to be PEM", key, path, what));
    return found;
}

// Whoever reads the key can be this server.
void check_secrecy(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) == 0 && (status.st_mode & 0007) != 0)
        throw refusal(jobs::reason::invalid_argument,
                      fmt::format("tls.key: {} can be read by everybody: chmod o= it", path));
}

void check_directory(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))
        throw refusal(jobs::reason::invalid_argument,
                      fmt::format("tls.crl_directory: {} is no directory", path));
}

// Asked by gRPC before any handler, for every service: health and reflection have no callers of
// ours to ask.
class gatekeeper final : public grpc::AuthMetadataProcessor {
public:
    explicit gatekeeper(std::shared_ptr<const identities> known) : known_(std::move(known)) {}

    bool IsBlocking() const override { return false; }

    grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext* connection,
                         OutputMetadata*, OutputMetadata*) override {
        const certificate_names names = names_in(*connection);
        if (known_->find(names) != nullptr) return grpc::Status::OK;
        const jobs::problem why{
            jobs::reason::permission_denied,
            fmt::format("the certificate's {} stands for nobody here (security.identities)",
                        names.text())};
        audit({.who = names.text(), .what = method_in(metadata), .error = why});
        return {grpc::StatusCode::PERMISSION_DENIED, why.message};
    }

private:
    static std::string method_in(const InputMetadata& metadata) {
        const auto path = metadata.find(":path");
        if (path == metadata.end()) return "call";
        const std::string text(path->second.data(), path->second.size());
        return text.substr(text.rfind('/') + 1);
    }

    std::shared_ptr<const identities> known_;
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> tls_credentials(const config& config,
                                                         std::shared_ptr<const identities> known) {
    const tls_config& tls = config.tls;
    read_pem("tls.certificate", tls.certificate, "-----BEGIN CERTIFICATE-----");
    read_pem("tls.key", tls.key, "PRIVATE KEY-----");
    read_pem("tls.client_ca", tls.client_ca, "-----BEGIN CERTIFICATE-----");
    check_secrecy(tls.key);
    if (!tls.crl_directory.empty()) check_directory(tls.crl_directory);

    // Nothing may be thrown from here on: gRPC 1.51 frees options only with what is made of them.
    grpc::experimental::TlsServerCredentialsOptions options(
        std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
            tls.key, tls.certificate, tls.client_ca, static_cast<unsigned>(tls.reload_seconds)));
    options.watch_root_certs();
    options.watch_identity_key_cert_pairs();
    // gRPC's default asks clients for nothing.
    options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    if (!tls.crl_directory.empty()) options.set_crl_directory(tls.crl_directory);
    auto credentials = grpc::experimental::TlsServerCredentials(options);
    credentials->SetAuthMetadataProcessor(std::make_shared<gatekeeper>(std::move(known)));
    return credentials;
}

}  // namespace peerpress::server
