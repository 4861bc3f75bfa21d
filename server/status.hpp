// From a problem to what gRPC sends: the one place where reasons become status codes. Every error
// carries a google.rpc.Status with an ErrorInfo (reason, domain "peerpress"), and a RetryInfo where
// waiting helps.
#pragma once

#include "google/rpc/status.pb.h"
#include "jobs/reason.hpp"
#include "server/refusal.hpp"

#include <grpcpp/support/status.h>

#include <exception>

namespace peerpress::server {

inline constexpr const char* error_domain = "peerpress";

// OK for `none` and for warnings: what they accompany is done.
grpc::StatusCode status_code(jobs::reason reason);

google::rpc::Status to_rpc_status(const jobs::problem& problem,
                                  const refusal::details& metadata = {});
grpc::Status to_grpc_status(const jobs::problem& problem, const refusal::details& metadata = {});

// What an exception says: a refusal itself, an error_code as the nearest reason, anything else as
// `internal`.
jobs::problem to_problem(std::exception_ptr error);
grpc::Status to_grpc_status(std::exception_ptr error);

}  // namespace peerpress::server
