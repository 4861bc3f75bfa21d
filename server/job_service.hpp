// JobService on gRPC's callback API: checks what came in, asks the manager, puts the answer into
// messages.
#pragma once

#include "peerpress/v1/job_service.grpc.pb.h"
#include "server/caller.hpp"
#include "server/job_manager.hpp"
#include "server/open_calls.hpp"
#include "server/outgoing_stream.hpp"

#include <exception>
#include <memory>
#include <string>

namespace peerpress::server {

class job_service final : public v1::JobService::CallbackService {
public:
    // The manager's executor; everything below runs on it.
    job_service(asio::any_io_executor executor, job_manager& manager, open_calls& calls,
                const callers& callers)
        : executor_(std::move(executor)), manager_(manager), calls_(calls), callers_(callers) {}

    grpc::ServerUnaryReactor* CreateJob(grpc::CallbackServerContext* context,
                                        const v1::CreateJobRequest* request,
                                        v1::Job* response) override;
    grpc::ServerUnaryReactor* GetJob(grpc::CallbackServerContext* context,
                                     const v1::GetJobRequest* request, v1::Job* response) override;
    grpc::ServerUnaryReactor* ListJobs(grpc::CallbackServerContext* context,
                                       const v1::ListJobsRequest* request,
                                       v1::ListJobsResponse* response) override;
    grpc::ServerUnaryReactor* ListJobFiles(grpc::CallbackServerContext* context,
                                           const v1::ListJobFilesRequest* request,
                                           v1::ListJobFilesResponse* response) override;
    grpc::ServerUnaryReactor* CancelJob(grpc::CallbackServerContext* context,
                                        const v1::CancelJobRequest* request,
                                        v1::Job* response) override;
    grpc::ServerWriteReactor<v1::JobEvent>* WatchJob(grpc::CallbackServerContext* context,
                                                     const v1::WatchJobRequest* request) override;

private:
    using call = grpc::CallbackServerContext;

    struct question {
        const char* method = "";
        std::string job = {};              // as it was named
        const v1::Job* changed = nullptr;  // the answer of a call that changes something
    };

    // Does `work`, and leaves a record of what was decided: whatever was refused, and each change.
    awaitable<> recorded(const call& from, question asked, awaitable<> work);
    void record(const call& from, const question& asked, std::exception_ptr error) const;
    awaitable<> create(const call& from, const v1::CreateJobRequest& request, v1::Job& response);
    awaitable<> get(const call& from, const v1::GetJobRequest& request, v1::Job& response);
    awaitable<> list(const call& from, const v1::ListJobsRequest& request,
                     v1::ListJobsResponse& response);
    awaitable<> list_files(const call& from, const v1::ListJobFilesRequest& request,
                           v1::ListJobFilesResponse& response);
    awaitable<> cancel(const call& from, const v1::CancelJobRequest& request, v1::Job& response);
    awaitable<> watch(const call& from, v1::WatchJobRequest request,
                      std::shared_ptr<outgoing_stream<v1::JobEvent>> stream);

    asio::any_io_executor executor_;
    job_manager& manager_;
    open_calls& calls_;
    const callers& callers_;
};

// The UUID in "jobs/{uuid}". Throws refusal(invalid_argument).
std::string job_id_of(const std::string& name, const std::string& field);

}  // namespace peerpress::server
