#include "client/remote/server_error.hpp"

#include "google/rpc/error_details.pb.h"

#include <fmt/format.h>

#include <optional>

namespace peerpress::client {
namespace {

std::optional<jobs::reason> reason_of(const google::rpc::Status& status) {
    for (const auto& detail : status.details()) {
        google::rpc::ErrorInfo info;
        if (detail.UnpackTo(&info)) return jobs::reason_from_name(info.reason());
    }
    return std::nullopt;
}

// Where the server gave no reason of ours: gRPC itself, or something between us and it.
server_error without_reason(const grpc::Status& status, const std::string& server) {
    using enum grpc::StatusCode;
    using jobs::reason;
    const std::string said = status.error_message();
    switch (status.error_code()) {
        case UNAVAILABLE:
            return {{reason::io_error, fmt::format("server {} does not answer: {}", server, said)},
                    jobs::exit_no_server,
                    true};
        case DEADLINE_EXCEEDED:
            return {{reason::io_error, fmt::format("server {} does not answer in time", server)},
                    jobs::exit_no_server,
                    true};
        case PERMISSION_DENIED:
        case UNAUTHENTICATED:
            return {{reason::permission_denied,
                     fmt::format("server {} does not permit it: {}", server, said)},
                    jobs::exit_code(reason::permission_denied),
                    false};
        case CANCELLED:
            // What we cancelled ourselves nobody asks about; what the server cancels has a reason.
            return {{reason::io_error, fmt::format("server {} has gone", server)},
                    jobs::exit_no_server,
                    true};
        case UNIMPLEMENTED:
            return {
                {reason::invalid_argument, fmt::format("server {} does not serve this; jobs are "
                                                       "served on its Unix socket, and by TLS",
                                                       server)},
                jobs::exit_code(reason::invalid_argument),
                false};
        default:
            return {{reason::internal, fmt::format("server {}: {}", server, said)},
                    jobs::exit_code(reason::internal),
                    false};
    }
}

}  // namespace

server_error::server_error(jobs::problem problem, int exit_code, bool lost)
    : std::runtime_error(problem.message),
      problem_(std::move(problem)),
      exit_code_(exit_code),
      lost_(lost) {}

server_error make_server_error(const grpc::Status& status, const std::string& server) {
    google::rpc::Status rich;
    if (!status.error_details().empty() && rich.ParseFromString(status.error_details())) {
        if (const auto reason = reason_of(rich)) {
            return {{*reason, status.error_message()},
                    jobs::exit_code(*reason),
                    *reason == jobs::reason::draining};
        }
    }
    return without_reason(status, server);
}

jobs::problem problem_of(const google::rpc::Status& status) {
    if (status.code() == 0 && status.details().empty()) return {};
    return {reason_of(status).value_or(jobs::reason::internal), status.message()};
}

}  // namespace peerpress::client
