// TransformService: data in, data out, through a lane of its own. Its slots wait for clients; those
// of jobs never do.
#pragma once

#include "peerpress/v1/transform_service.grpc.pb.h"
#include "server/job_request.hpp"
#include "server/transform_stream.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <set>

namespace peerpress::server {

struct transform_options {
    std::size_t running_max = 8;
    std::chrono::steady_clock::duration idle_max = std::chrono::seconds(60);
    spec_limits limits;
};

// Serves the calls of all listeners; a service below belongs to one of them.
class transformer {
public:
    // Called on the lane's thread when a stream has begun, and when it has ended with (operation,
    // bytes, success).
    struct listener {
        std::function<void(jobs::operation, const std::shared_ptr<pipeline::transfer_progress>&)>
            began;
        std::function<void(const std::shared_ptr<pipeline::transfer_progress>&, bool succeeded)>
            ended;
    };

    transformer(pipeline::lane& lane, transform_options options, open_calls& calls,
                listener listener)
        : lane_(lane), options_(options), calls_(calls), listener_(std::move(listener)) {}

    grpc::ServerBidiReactor<v1::TransformRequest, v1::TransformResponse>* serve(
        grpc::CallbackServerContext* context);

    void drain() { draining_ = true; }  // no new ones
    void stop_running();                // those under way end with DRAINING
    std::size_t running() const { return running_; }

private:
    struct transfer;

    void refuse_when_busy();
    awaitable<> run(transform_stream::pointer stream);
    awaitable<grpc::Status> outcome(transform_stream::pointer stream);
    awaitable<> transform(transform_stream& stream);
    awaitable<> move(transform_stream& stream, v1::TransformOpen open);
    awaitable<v1::TransformSummary> transfer_all(transfer& job);

    pipeline::lane& lane_;
    transform_options options_;
    open_calls& calls_;
    listener listener_;
    std::atomic<bool> draining_{false};
    std::atomic<bool> stopping_{false};
    std::atomic<std::size_t> running_{0};
    std::set<transform_stream*> streams_;  // lane's thread only
};

class transform_service final : public v1::TransformService::CallbackService {
public:
    explicit transform_service(transformer& transformer) : transformer_(transformer) {}

    grpc::ServerBidiReactor<v1::TransformRequest, v1::TransformResponse>* Transform(
        grpc::CallbackServerContext* context) override {
        return transformer_.serve(context);
    }

private:
    transformer& transformer_;
};

}  // namespace peerpress::server
