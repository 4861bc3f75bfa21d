// A server's typed face: calls that return what they are named for, or throw server_error.
// Thread-safe.
#pragma once

#include "client/remote/server_address.hpp"
#include "client/remote/server_error.hpp"
#include "client/request.hpp"
#include "peerpress/v1/job_service.grpc.pb.h"
#include "peerpress/v1/server_service.grpc.pb.h"
#include "peerpress/v1/transform_service.grpc.pb.h"

#include <chrono>
#include <memory>
#include <string>

namespace peerpress::client {

class server_connection {
public:
    // Over TLS where `tls` names files; nothing of it is for a Unix socket.
    explicit server_connection(server_address address, const tls_files& tls = {});

    const server_address& address() const { return address_; }

    v1::ServerInfo info(std::chrono::milliseconds within = std::chrono::seconds(10));
    // Makes the job once, however often the request has to be sent.
    v1::Job create_job(const v1::JobSpec& spec, bool validate_only);
    v1::ListJobsResponse list_jobs(const v1::ListJobsRequest& request);
    v1::Job get_job(const std::string& name);
    v1::Job cancel_job(const std::string& name);
    // By serial number or PCI address.
    v1::Accelerator drain_accelerator(const std::string& name);
    v1::Accelerator return_accelerator(const std::string& name);

    v1::JobService::Stub& jobs() { return *jobs_; }
    v1::TransformService::Stub& transforms() { return *transforms_; }

private:
    server_address address_;
    std::unique_ptr<v1::JobService::Stub> jobs_;
    std::unique_ptr<v1::ServerService::Stub> server_;
    std::unique_ptr<v1::TransformService::Stub> transforms_;
};

// "jobs/UUID" from that or from the UUID alone.
std::string job_name(const std::string& given);

}  // namespace peerpress::client
