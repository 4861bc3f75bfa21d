// Jobs by a server that shares our file system: it is sent paths, and the data never pass through
// here.
#pragma once

#include "client/backend.hpp"
#include "client/remote/server_connection.hpp"

#include <memory>
#include <string>

namespace peerpress::client {

class server_jobs final : public backend {
public:
    explicit server_jobs(std::shared_ptr<server_connection> server) : server_(std::move(server)) {}

    std::string name() const override { return "server " + server_->address().text; }
    jobs::problem check(const job_request& request) override;
    // Interrupted once, the job is cancelled; twice, it is left to the server.
    job_end run(const job_request& request, job_listener& listener,
                const interruption& interrupted) override;

    // Queues it and leaves; its name.
    std::string submit(const job_request& request);

private:
    std::shared_ptr<server_connection> server_;
};

}  // namespace peerpress::client
