#include "client/remote/server_connection.hpp"

#include <fmt/format.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <system_error>

namespace peerpress::client {
namespace {

constexpr std::chrono::seconds unary_deadline{30};
constexpr int create_attempts = 3;

std::string read_pem(const char* option, const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    if (file && text.str().find("-----BEGIN ") != std::string::npos) return text.str();
    throw server_error(
        {jobs::reason::invalid_argument,
         fmt::format("{} {}: {}", option, path, file ? "it is no PEM file" : "it cannot be read")},
        jobs::exit_code(jobs::reason::invalid_argument), false);
}

std::shared_ptr<grpc::ChannelCredentials> credentials_for(const server_address& address,
                                                          const tls_files& tls) {
    if (address.is_local() || !tls.given()) return grpc::InsecureChannelCredentials();
    return grpc::SslCredentials({.pem_root_certs = read_pem("--tls-ca", tls.ca),
                                 .pem_private_key = read_pem("--tls-key", tls.key),
                                 .pem_cert_chain = read_pem("--tls-cert", tls.certificate)});
}

std::shared_ptr<grpc::Channel> open_channel(const server_address& address, const tls_files& tls) {
    grpc::ChannelArguments arguments;
    // A proxy is for the web: it cannot reach a local socket, and a server's host is named on
    // purpose.
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    if (!address.is_local()) {
        // A dead peer behind a live network is noticed. Not sooner: servers refuse impatient pings.
        arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 5 * 60 * 1000);
        arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20 * 1000);
    }
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
    return grpc::CreateCustomChannel(address.target, credentials_for(address, tls), arguments);
}

std::string make_request_id() {
    std::array<std::uint8_t, 16> bytes{};
    if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
        throw std::system_error(errno, std::generic_category(), "getrandom");
    }
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0F) | 0x40);  // version 4
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3F) | 0x80);
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += fmt::format("{:02x}", bytes[i]);
    }
    return text;
}

// One unary call within a time.
template <class Stub, class Request, class Response>
Response call(Stub& stub,
              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
              const Request& request, const server_address& address,
              std::chrono::milliseconds within) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + within);
    Response response;
    const grpc::Status status = (stub.*method)(&context, request, &response);
    if (!status.ok()) throw make_server_error(status, address.text);
    return response;
}

}  // namespace

server_connection::server_connection(server_address address, const tls_files& tls)
    : address_(std::move(address)) {
    const auto channel = open_channel(address_, tls);
    jobs_ = v1::JobService::NewStub(channel);
    server_ = v1::ServerService::NewStub(channel);
    transforms_ = v1::TransformService::NewStub(channel);
}

v1::ServerInfo server_connection::info(std::chrono::milliseconds within) {
    return call(*server_, &v1::ServerService::Stub::GetServerInfo, {}, address_, within);
}

v1::Job server_connection::create_job(const v1::JobSpec& spec, bool validate_only) {
    v1::CreateJobRequest request;
    *request.mutable_job() = spec;
    request.set_request_id(make_request_id());
    request.set_validate_only(validate_only);
    for (int attempt = 1;; ++attempt) {
        try {
            return call(*jobs_, &v1::JobService::Stub::CreateJob, request, address_,
                        unary_deadline);
        } catch (const server_error& error) {
            // The answer may be lost although the job is queued: the same request_id finds it.
            const bool may_help = error.lost() && error.problem().reason != jobs::reason::draining;
            if (!may_help || attempt == create_attempts) throw;
        }
    }
}

v1::ListJobsResponse server_connection::list_jobs(const v1::ListJobsRequest& request) {
    return call(*jobs_, &v1::JobService::Stub::ListJobs, request, address_, unary_deadline);
}

v1::Job server_connection::get_job(const std::string& name) {
    v1::GetJobRequest request;
    request.set_name(name);
    return call(*jobs_, &v1::JobService::Stub::GetJob, request, address_, unary_deadline);
}

v1::Job server_connection::cancel_job(const std::string& name) {
    v1::CancelJobRequest request;
    request.set_name(name);
    return call(*jobs_, &v1::JobService::Stub::CancelJob, request, address_, unary_deadline);
}

v1::Accelerator server_connection::drain_accelerator(const std::string& name) {
    v1::DrainAcceleratorRequest request;
    request.set_name(name);
    return call(*server_, &v1::ServerService::Stub::DrainAccelerator, request, address_,
                unary_deadline);
}

v1::Accelerator server_connection::return_accelerator(const std::string& name) {
    v1::ReturnAcceleratorRequest request;
    request.set_name(name);
    return call(*server_, &v1::ServerService::Stub::ReturnAccelerator, request, address_,
                unary_deadline);
}

std::string job_name(const std::string& given) {
    return given.starts_with("jobs/") ? given : "jobs/" + given;
}

}  // namespace peerpress::client
