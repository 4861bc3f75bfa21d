// What a caller asks for: a job's spec as it came, filled in, checked, and as the jobs take it.
#pragma once

#include "jobs/job_spec.hpp"
#include "peerpress/v1/job_service.pb.h"
#include "peerpress/v1/transform_service.pb.h"

#include <cstdint>

namespace peerpress::server {

// What a spec may leave open, and what it may not exceed.
struct spec_limits {
    std::int32_t level = 1;
    std::uint64_t output_bytes_max = 0;  // 0: none
    std::uint32_t member_bytes_max = 1 << 20;
    bool accelerators = false;  // there are some, so that software can be forbidden
};

// The spec with everything filled in that depends on the configuration, so that a job that is taken
// up after a change of configuration goes on as it began.
v1::JobSpec resolve(v1::JobSpec spec, const spec_limits& limits);

// A stream's first message: the rules of a job's spec are the rules there, too.
v1::JobSpec as_spec(const v1::TransformOpen& open);

// Throws refusal(invalid_argument) naming the field.
jobs::job_spec to_job_spec(const v1::JobSpec& spec, const spec_limits& limits);

}  // namespace peerpress::server
