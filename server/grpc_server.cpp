#include "server/grpc_server.hpp"

#include "server/refusal.hpp"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server_posix.h>

namespace peerpress::server {

namespace {

// A client that has died without a word is noticed within keepalive_time + keepalive_timeout.
constexpr int keepalive_time_ms = 60'000;
constexpr int keepalive_timeout_ms = 20'000;
// Clients may ask as often as this; gRPC's own default (5 minutes) sends those that watch a quiet
// job away.
constexpr int ping_interval_min_ms = 10'000;
// Who connects and does not get through a handshake of TLS.
constexpr int handshake_timeout_ms = 5'000;
// Nobody who has no call under way for so long notices that a connection is made anew.
constexpr int idle_ms_max = 15 * 60'000;
constexpr int metadata_bytes_max = 8 << 10;
// Of health and reflection, which gRPC serves by threads.
constexpr int threads_max = 16;

}  // namespace

void enable_health_and_reflection() {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
}

void set_limits(grpc::ServerBuilder& builder, int streams_max) {
    builder.SetMaxReceiveMessageSize(receive_bytes_max);
    // gRPC's default is no limit: one connection could open any number of calls.
    builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, streams_max);
    // With it (the default) another process of the same user could share the port, and with it the
    // clients.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    // Each listener has its own, so that none takes from another.
    grpc::ResourceQuota quota;
    quota.Resize(connections_bytes_max).SetMaxThreads(threads_max);
    builder.SetResourceQuota(quota);
    builder.AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE, metadata_bytes_max);
    builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, handshake_timeout_ms);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, idle_ms_max);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, keepalive_time_ms);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, keepalive_timeout_ms);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                               ping_interval_min_ms);
}

void set_connection_age(grpc::ServerBuilder& builder, std::chrono::seconds age_max) {
    const auto age_ms =
        static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(age_max).count());
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, age_ms);
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, age_ms);
}

grpc_server::grpc_server(grpc::ServerBuilder& builder, const std::string& where,
                         std::vector<std::string> services)
    : server_(builder.BuildAndStart()), services_(std::move(services)) {
    if (server_ == nullptr) {
        throw refusal(
            jobs::reason::internal,
            where + ": cannot be listened on: is the address taken? Name another (--listen-tcp)");
    }
    set_serving(false);
}

void grpc_server::set_serving(bool serving) {
    auto* health = server_->GetHealthCheckService();
    health->SetServingStatus(serving);
    for (const auto& service : services_) health->SetServingStatus(service, serving);
}

void grpc_server::serve(int fd) {
    grpc::AddInsecureChannelFromFd(server_.get(), fd);
}

void grpc_server::shut_down(std::chrono::milliseconds grace) {
    server_->Shutdown(std::chrono::system_clock::now() + grace);
    server_->Wait();
}

}  // namespace peerpress::server
