// What a server, or the lack of one, answered.
#pragma once

#include "google/rpc/status.pb.h"
#include "jobs/reason.hpp"

#include <grpcpp/support/status.h>

#include <stdexcept>

namespace peerpress::client {

class server_error : public std::runtime_error {
public:
    server_error(jobs::problem problem, int exit_code, bool lost);

    const jobs::problem& problem() const { return problem_; }
    int exit_code() const { return exit_code_; }
    // There was no answer, or the server is going away: another attempt may meet it again.
    bool lost() const { return lost_; }

private:
    jobs::problem problem_;
    int exit_code_;
    bool lost_;
};

// From what gRPC returned; `server` is the address as people write it.
server_error make_server_error(const grpc::Status& status, const std::string& server);

// A google.rpc.Status inside a message: a file's error, a job's. None for an OK one.
jobs::problem problem_of(const google::rpc::Status& status);

}  // namespace peerpress::client
