#include "server/job_request.hpp"

#include "server/refusal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <climits>

namespace peerpress::server {

namespace {

// A job comes back whole in every answer, and clients receive 4 MiB by default.
constexpr std::size_t spec_bytes_max = 3 << 20;
constexpr int labels_max = 64;
constexpr std::size_t label_key_bytes_max = 63;
constexpr std::size_t label_value_bytes_max = 255;
constexpr std::size_t suffix_bytes_max = 32;
constexpr std::int32_t priority_max = 1000;

accel::codec to_codec(v1::Codec codec) {
    switch (codec) {
        case v1::CODEC_UNSPECIFIED:
            return accel::codec::automatic;
        case v1::CODEC_ZLIB:
            return accel::codec::zlib;
        default:
            refuse("codec", "unknown value");
    }
}

pipeline::container to_container(v1::Format format) {
    switch (format) {
        case v1::FORMAT_UNSPECIFIED:
        case v1::FORMAT_GZIP:
            return pipeline::container::gzip;
        case v1::FORMAT_ZLIB:
            return pipeline::container::zlib;
        case v1::FORMAT_DEFLATE:
            return pipeline::container::deflate;
        case v1::FORMAT_BGZF:
            return pipeline::container::bgzf;
        case v1::FORMAT_PLAIN:
            return pipeline::container::plain;
        default:
            refuse("format", "unknown value");
    }
}

// What goes through a software engine has no other path than the CPU's.
void check_fallback(v1::FallbackPolicy policy, const spec_limits& limits) {
    if (policy == v1::FALLBACK_POLICY_FORBID && !limits.accelerators) {
        refuse("fallback",
               "this server has no device, so every byte takes the CPU's path: allow that, or ask "
               "another server");
    }
    if (!v1::FallbackPolicy_IsValid(policy)) refuse("fallback", "unknown value");
}

void check_path(const std::string& field, const std::string& path) {
    if (path.empty()) refuse(field, "the path is empty");
    if (path[0] != '/') refuse(field, "the path is not absolute");
    if (path.find('\0') != std::string::npos) refuse(field, "the path holds a NUL byte");
    if (path.size() >= PATH_MAX) {
        refuse(field, fmt::format("the path has {} bytes; at most {} can be opened", path.size(),
                                  PATH_MAX - 1));
    }
}

void check_paths(const v1::JobSpec& spec) {
    if (spec.sources().empty()) refuse("job.sources", "no source is named");
    for (int i = 0; i < spec.sources_size(); ++i) {
        check_path(fmt::format("job.sources[{}]", i), spec.sources(i));
    }
    if (!spec.destination().empty()) check_path("job.destination", spec.destination());
    if (!spec.destination_dir().empty()) check_path("job.destination_dir", spec.destination_dir());
    if (spec.suffix().size() > suffix_bytes_max) {
        refuse("job.suffix", fmt::format("longer than {} bytes", suffix_bytes_max));
    }
}

void check_labels(const v1::JobSpec& spec) {
    if (spec.labels_size() > labels_max)
        refuse("job.labels", fmt::format("more than {}", labels_max));
    for (const auto& [key, value] : spec.labels()) {
        if (key.empty() || key.size() > label_key_bytes_max) {
            refuse("job.labels", fmt::format("a key has 1 to {} bytes", label_key_bytes_max));
        }
        if (value.size() > label_value_bytes_max) {
            refuse("job.labels",
                   fmt::format("a value has at most {} bytes", label_value_bytes_max));
        }
    }
}

void check_numbers(const v1::JobSpec& spec, const spec_limits& limits) {
    if (spec.level() < 1 || spec.level() > 12) {
        refuse("job.level",
               fmt::format("{} is outside 1 to 12 (0: the server's default)", spec.level()));
    }
    if (spec.member_bytes() < jobs::member_bytes_min ||
        spec.member_bytes() > limits.member_bytes_max) {
        refuse("job.member_bytes", fmt::format("{} is outside {} to {}", spec.member_bytes(),
                                               jobs::member_bytes_min, limits.member_bytes_max));
    }
    if (spec.rate() < 0) refuse("job.rate", "negative");
    if (spec.output_bytes_max() < 0) refuse("job.output_bytes_max", "negative");
    if (spec.priority() < -priority_max || spec.priority() > priority_max) {
        refuse("job.priority", fmt::format("outside {} to {}", -priority_max, priority_max));
    }
}

jobs::operation to_operation(v1::Operation operation) {
    switch (operation) {
        case v1::OPERATION_COMPRESS:
            return jobs::operation::compress;
        case v1::OPERATION_DECOMPRESS:
            return jobs::operation::decompress;
        case v1::OPERATION_TEST:
            return jobs::operation::test;
        case v1::OPERATION_COPY:
            return jobs::operation::copy;
        default:
            refuse("job.operation",
                   "name OPERATION_COMPRESS, OPERATION_DECOMPRESS, OPERATION_TEST or "
                   "OPERATION_COPY");
    }
}

jobs::verification to_verification(v1::Verify verify) {
    switch (verify) {
        case v1::VERIFY_UNSPECIFIED:
            return jobs::verification::automatic;
        case v1::VERIFY_OFF:
            return jobs::verification::off;
        case v1::VERIFY_SELF:
            return jobs::verification::self;
        case v1::VERIFY_FULL:
            return jobs::verification::full;
        default:
            refuse("job.verify", "unknown value");
    }
}

void check_copy(const v1::JobSpec& spec, const spec_limits& limits) {
    if (spec.operation() != v1::OPERATION_COPY) {
        check_fallback(spec.fallback(), limits);
        if (spec.via_size() == 1 && spec.via(0) == "host")
            refuse("job.via", "\"host\" is for copies");
        if (spec.chunk_bytes() != 0) refuse("job.chunk_bytes", "for copies only");
        if (spec.depth() != 0) refuse("job.depth", "for copies only");
        if (spec.force_device()) refuse("job.force_device", "for copies only");
        return;
    }
    if (!v1::FallbackPolicy_IsValid(spec.fallback())) refuse("fallback", "unknown value");
    if (spec.chunk_bytes() < 0 || spec.chunk_bytes() > jobs::copy_chunk_bytes_max)
        refuse("job.chunk_bytes",
               fmt::format("outside {} to {} (0: {})", jobs::copy_chunk_bytes_min,
                           jobs::copy_chunk_bytes_max, jobs::copy_chunk_bytes));
    if (spec.depth() < 0 || spec.depth() > static_cast<std::int32_t>(jobs::copy_depth_max))
        refuse("job.depth",
               fmt::format("outside 1 to {} (0: {})", jobs::copy_depth_max, jobs::copy_depth));
}

jobs::engine_choice to_engine(const v1::JobSpec& spec, const spec_limits& limits) {
    if (spec.engine().empty()) return jobs::engine_choice::automatic;
    const auto choice = jobs::engine_from_name(spec.engine());
    if (!choice) refuse("job.engine", "one of auto, noload, software");
    if (*choice == jobs::engine_choice::noload && !limits.accelerators)
        refuse("job.engine", "this server has no accelerator, \"software\" only");
    return *choice;
}

jobs::path_wish to_path_wish(const v1::JobSpec& spec) {
    auto [wish, problem] = jobs::parse_via({spec.via().begin(), spec.via().end()});
    if (problem) refuse("job.via", problem.message);
    if (spec.fallback() == v1::FALLBACK_POLICY_FORBID) wish.fallback = jobs::fallback::forbid;
    return wish;
}

}  // namespace

v1::JobSpec resolve(v1::JobSpec spec, const spec_limits& limits) {
    // zlib knows no level beyond 9.
    if (spec.level() == 0)
        spec.set_level(spec.codec() == v1::CODEC_ZLIB ? std::min(limits.level, 9) : limits.level);
    if (spec.member_bytes() == 0)
        spec.set_member_bytes(std::min<std::int64_t>(1 << 20, limits.member_bytes_max));
    const auto bytes_max = static_cast<std::int64_t>(limits.output_bytes_max);
    if (bytes_max != 0 && spec.output_bytes_max() >= 0 &&
        (spec.output_bytes_max() == 0 || spec.output_bytes_max() > bytes_max)) {
        spec.set_output_bytes_max(bytes_max);
    }
    return spec;
}

v1::JobSpec as_spec(const v1::TransformOpen& open) {
    v1::JobSpec spec;
    spec.add_sources("/stream");
    spec.set_operation(open.operation());
    spec.set_format(open.format());
    spec.set_level(open.level());
    spec.set_fallback(open.fallback());
    spec.set_codec(open.codec());
    spec.set_member_bytes(open.member_bytes());
    spec.set_output_bytes_max(open.output_bytes_max());
    return spec;
}

jobs::job_spec to_job_spec(const v1::JobSpec& spec, const spec_limits& limits) {
    if (spec.ByteSizeLong() > spec_bytes_max) {
        refuse(
            "job",
            fmt::format("{} bytes are more than a job may have ({}): name directories, or split it",
                        spec.ByteSizeLong(), spec_bytes_max));
    }
    check_paths(spec);
    check_labels(spec);
    check_numbers(spec, limits);
    check_copy(spec, limits);
    jobs::job_spec s;
    s.operation = to_operation(spec.operation());
    s.container = to_container(spec.format());
    s.container_given = spec.format() != v1::FORMAT_UNSPECIFIED;
    s.level = spec.level();
    s.level_auto = spec.level_auto();
    s.rate = static_cast<std::uint64_t>(spec.rate());
    s.codec = to_codec(spec.codec());
    s.member_bytes = static_cast<std::uint32_t>(spec.member_bytes());
    s.sources.assign(spec.sources().begin(), spec.sources().end());
    s.destination = spec.destination();
    s.destination_dir = spec.destination_dir();
    s.recursive = spec.recursive();
    s.overwrite = spec.overwrite();
    s.follow_symlinks = spec.follow_symlinks();
    s.remove_sources = spec.remove_sources();
    s.verification = to_verification(spec.verify());
    if (spec.output_bytes_max() != 0)
        s.output_bytes_max = static_cast<std::uint64_t>(spec.output_bytes_max());
    s.suffix = spec.suffix();
    s.engine = to_engine(spec, limits);
    s.via = to_path_wish(spec);
    s.chunk_bytes = static_cast<std::uint32_t>(spec.chunk_bytes());
    s.depth = static_cast<std::uint32_t>(spec.depth());
    s.force_device = spec.force_device();
    s.priority = spec.priority();
    s.labels.assign(spec.labels().begin(), spec.labels().end());
    if (const jobs::problem problem = jobs::validate(s)) throw refusal(problem);
    return s;
}

}  // namespace peerpress::server
