// ServerService: what this server is, its numbers as they change, and an administrator's orders.
#pragma once

#include "peerpress/v1/server_service.grpc.pb.h"
#include "server/job_manager.hpp"
#include "server/metrics.hpp"
#include "server/open_calls.hpp"
#include "server/outgoing_stream.hpp"

#include <functional>

namespace peerpress::server {

class server_service final : public v1::ServerService::CallbackService {
public:
    struct sources {
        std::function<v1::ServerInfo()> info;  // called on the executor, as the next
        std::function<std::vector<metric_value>()> numbers;
    };

    struct administration {
        // Throws refusal where this caller may not give orders. On the executor, as the other.
        std::function<void(const grpc::CallbackServerContext&, const char* method)> check;
        std::function<awaitable<v1::Accelerator>(std::string name, bool drained)> set_drained = {};
    };

    server_service(asio::any_io_executor executor, job_manager& manager, open_calls& calls,
                   sources sources, administration administration)
        : executor_(std::move(executor)),
          manager_(manager),
          calls_(calls),
          sources_(std::move(sources)),
          administration_(std::move(administration)) {}

    grpc::ServerUnaryReactor* GetServerInfo(grpc::CallbackServerContext* context,
                                            const v1::GetServerInfoRequest* request,
                                            v1::ServerInfo* response) override;
    grpc::ServerWriteReactor<v1::StatsSample>* WatchStats(
        grpc::CallbackServerContext* context, const v1::WatchStatsRequest* request) override;
    grpc::ServerUnaryReactor* DrainAccelerator(grpc::CallbackServerContext* context,
                                               const v1::DrainAcceleratorRequest* request,
                                               v1::Accelerator* response) override;
    grpc::ServerUnaryReactor* ReturnAccelerator(grpc::CallbackServerContext* context,
                                                const v1::ReturnAcceleratorRequest* request,
                                                v1::Accelerator* response) override;

private:
    awaitable<> get_info(v1::ServerInfo& response);
    awaitable<> watch_stats(v1::WatchStatsRequest request,
                            std::shared_ptr<outgoing_stream<v1::StatsSample>> stream);
    awaitable<> set_drained(const grpc::CallbackServerContext& from, std::string name, bool drained,
                            v1::Accelerator& response);

    asio::any_io_executor executor_;
    job_manager& manager_;
    open_calls& calls_;
    sources sources_;
    administration administration_;
};

}  // namespace peerpress::server
