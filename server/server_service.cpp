#include "server/server_service.hpp"

#include "server/refusal.hpp"
#include "server/unary_call.hpp"
#include "server/watch_interval.hpp"

namespace peerpress::server {

namespace {

using steady = std::chrono::steady_clock;

v1::StatsSample make_sample(const std::vector<metric_value>& numbers) {
    v1::StatsSample sample;
    *sample.mutable_sample_time() = to_timestamp(now_micros());
    for (const auto& number : numbers) {
        auto& metric = *sample.add_metrics();
        metric.set_name(number.name);
        metric.mutable_labels()->insert(number.labels.begin(), number.labels.end());
        metric.set_value(number.value);
    }
    return sample;
}

}  // namespace

grpc::ServerUnaryReactor* server_service::GetServerInfo(grpc::CallbackServerContext*,
                                                        const v1::GetServerInfoRequest*,
                                                        v1::ServerInfo* response) {
    return unary_call::answer(calls_, executor_, get_info(*response));
}

grpc::ServerWriteReactor<v1::StatsSample>* server_service::WatchStats(
    grpc::CallbackServerContext*, const v1::WatchStatsRequest* request) {
    const auto stream = outgoing_stream<v1::StatsSample>::make(calls_, executor_);
    return stream->serve(watch_stats(*request, stream));
}

grpc::ServerUnaryReactor* server_service::DrainAccelerator(
    grpc::CallbackServerContext* context, const v1::DrainAcceleratorRequest* request,
    v1::Accelerator* response) {
    return unary_call::answer(calls_, executor_,
                              set_drained(*context, request->name(), true, *response));
}

grpc::ServerUnaryReactor* server_service::ReturnAccelerator(
    grpc::CallbackServerContext* context, const v1::ReturnAcceleratorRequest* request,
    v1::Accelerator* response) {
    return unary_call::answer(calls_, executor_,
                              set_drained(*context, request->name(), false, *response));
}

awaitable<> server_service::set_drained(const grpc::CallbackServerContext& from, std::string name,
                                        bool drained, v1::Accelerator& response) {
    administration_.check(from, drained ? "DrainAccelerator" : "ReturnAccelerator");
    v1::Accelerator now = co_await administration_.set_drained(std::move(name), drained);
    response = std::move(now);
}

awaitable<> server_service::get_info(v1::ServerInfo& response) {
    response = sources_.info();
    co_return;
}

awaitable<> server_service::watch_stats(v1::WatchStatsRequest request,
                                        std::shared_ptr<outgoing_stream<v1::StatsSample>> stream) {
    const steady::duration interval =
        watch_interval(request.min_interval(), std::chrono::seconds(1));
    change::listener closing(manager_.close_change(), executor_);
    while (!manager_.closing()) {
        const bool there = co_await stream->write(make_sample(sources_.numbers()));
        if (!there) co_return;
        const auto next = steady::now() + interval;
        while (steady::now() < next && !stream->gone() && !manager_.closing()) {
            co_await closing.wait(std::min<steady::duration>(next - steady::now(), watch_wait_max));
        }
    }
    throw refusal(jobs::reason::draining, "the server is shutting down");
}

}  // namespace peerpress::server
