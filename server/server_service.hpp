// ServerService: what this server is, and its numbers as they change.
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

    server_service(asio::any_io_executor executor, job_manager& manager, open_calls& calls,
                   sources sources)
        : executor_(std::move(executor)),
          manager_(manager),
          calls_(calls),
          sources_(std::move(sources)) {}

    grpc::ServerUnaryReactor* GetServerInfo(grpc::CallbackServerContext* context,
                                            const v1::GetServerInfoRequest* request,
                                            v1::ServerInfo* response) override;
    grpc::ServerWriteReactor<v1::StatsSample>* WatchStats(
        grpc::CallbackServerContext* context, const v1::WatchStatsRequest* request) override;

private:
    awaitable<> get_info(v1::ServerInfo& response);
    awaitable<> watch_stats(v1::WatchStatsRequest request,
                            std::shared_ptr<outgoing_stream<v1::StatsSample>> stream);

    asio::any_io_executor executor_;
    job_manager& manager_;
    open_calls& calls_;
    sources sources_;
};

}  // namespace peerpress::server
