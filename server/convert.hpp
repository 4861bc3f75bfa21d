// Between the public contract's messages and the jobs' values.
#pragma once

#include "jobs/job_spec.hpp"
#include "peerpress/v1/job_service.pb.h"
#include "server/job_record.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace peerpress::server {

// What a spec may leave open, and what it may not exceed.
struct spec_limits {
    std::int32_t level = 1;
    std::uint64_t output_bytes_max = 0;  // 0: none
    std::uint32_t member_bytes_max = 1 << 20;
};

// The spec with everything filled in that depends on the configuration, so that a job that is taken
// up after a change of configuration goes on as it began.
v1::JobSpec resolve(v1::JobSpec spec, const spec_limits& limits);

// Throws refusal(invalid_argument) naming the field.
jobs::job_spec to_job_spec(const v1::JobSpec& spec, const spec_limits& limits);

// The same message as the same bytes, whatever the order in which its maps hash.
std::string canonical_bytes(const google::protobuf::MessageLite& message);

// Each throws refusal(invalid_argument) for values it does not know.
pipeline::container to_container(v1::Format format);  // gzip where unspecified
accel::codec to_codec(v1::Codec codec);
// For what goes through a software engine: it has no other path than the CPU's.
void check_fallback(v1::FallbackPolicy policy);

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
