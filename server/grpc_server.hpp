// One gRPC server with the project's limits, standard health and reflection.
#pragma once

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace peerpress::server {

// A job may name tens of thousands of files, and comes back whole; of other calls nothing is so
// large, but gRPC has one bound for all methods of a server.
inline constexpr int receive_bytes_max = 4 << 20;
// Of what gRPC holds for one listener's connections: above it, it stops reading and closes
// connections instead of growing. Room for the data of all streams that may run, and some more.
inline constexpr std::size_t connections_bytes_max = 256 << 20;

// Health and reflection for every server that is built afterwards. Once, before the first.
void enable_health_and_reflection();

// Sets every limit on `builder`; the caller adds listeners and services.
void set_limits(grpc::ServerBuilder& builder, int streams_max);

// After so long a connection is told to take no new calls, and after as long again it ends.
void set_connection_age(grpc::ServerBuilder& builder, std::chrono::seconds age_max);

// A running server. Its health is NOT_SERVING until told otherwise.
class grpc_server {
public:
    // Throws refusal where it does not start.
    grpc_server(grpc::ServerBuilder& builder, const std::string& where,
                std::vector<std::string> services);

    void set_serving(bool serving);

    // Serves one connection; its calls have "fd:N" as their peer. Takes the descriptor over.
    void serve(int fd);

    // Calls under way have until `grace` is over, then they are cancelled. Blocks until the last
    // has ended.
    void shut_down(std::chrono::milliseconds grace);

private:
    std::unique_ptr<grpc::Server> server_;
    std::vector<std::string> services_;
};

}  // namespace peerpress::server
