// From the jobs' values to the public contract's messages, and back from the store.
#pragma once

#include "jobs/job_spec.hpp"
#include "peerpress/v1/job_service.pb.h"
#include "server/job_record.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace peerpress::server {

// The same message as the same bytes, whatever the order in which its maps hash.
std::string canonical_bytes(const google::protobuf::MessageLite& message);

// Of what a software engine did.
v1::PathBytes software_path(std::uint64_t bytes);

// As the job store keeps them.
std::string to_stored_paths(const std::vector<jobs::path_bytes>& paths);
std::vector<jobs::path_bytes> from_stored_paths(const std::string& stored);

v1::JobState to_proto(jobs::job_state state);
std::optional<jobs::job_state> from_proto(v1::JobState state);
v1::FileResult to_proto(const jobs::file_result& result);
google::protobuf::Timestamp to_timestamp(micros time);

// What is known of a job at one moment.
struct job_view {
    job_record record;
    bool scanning = false;
    double bytes_per_second = 0;
    std::vector<jobs::path_bytes> paths = {};  // of a job under way, as far as they are counted
    std::optional<double> eta_seconds = {};
};
v1::Job to_proto(const job_view& view);  // the spec is parsed from the record
v1::Progress to_progress(const job_view& view);

}  // namespace peerpress::server
