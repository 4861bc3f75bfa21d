// The commands behind their requests. Each returns its exit code; broken_pipe is thrown through.
#pragma once

#include "client/interruption.hpp"
#include "client/request.hpp"

namespace peerpress::client {

int run(const job_request& request, interruption& interrupted);
int run(const measure_request& request, interruption& interrupted);
int run(const list_request& request, interruption& interrupted);
int run(const cat_request& request, interruption& interrupted);
int run(const jobs_request& request, interruption& interrupted);
int run(const watch_request& request, interruption& interrupted);
int run(const cancel_request& request, interruption& interrupted);
int run(const server_info_request& request, interruption& interrupted);
int run(const devices_request& request, interruption& interrupted);
int run(const topology_request& request, interruption& interrupted);
int run(const doctor_request& request, interruption& interrupted);
int run(const bench_request& request, interruption& interrupted);
int run(const text_request& request, interruption& interrupted);

}  // namespace peerpress::client
