// Between the API's messages and the values the client works with: pure functions.
#pragma once

#include "client/progress_line.hpp"
#include "client/request.hpp"
#include "jobs/job_spec.hpp"
#include "peerpress/v1/job_service.pb.h"
#include "peerpress/v1/transform_service.pb.h"

#include <string_view>

namespace peerpress::client {

// Relative paths are taken against `directory`: a server has a working directory of its own.
v1::JobSpec to_message(const job_request& request, std::string_view directory);
v1::JobState to_message(jobs::job_state state);

v1::TransformOpen to_open(const pipeline::compress_options& options);
v1::TransformOpen to_open(const pipeline::decompress_options& options);

jobs::file_result from_message(const v1::FileResult& file);
progress_sample from_message(const v1::Progress& progress);
jobs::job_state from_message(v1::JobState state);
jobs::operation from_message(v1::Operation operation);
std::vector<jobs::path_bytes> from_message(
    const google::protobuf::RepeatedPtrField<v1::PathBytes>& paths);
jobs::job_outcome outcome_of(const v1::Job& job);

}  // namespace peerpress::client
