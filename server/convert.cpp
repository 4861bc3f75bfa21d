#include "server/convert.hpp"

#include "server/printable.hpp"
#include "server/refusal.hpp"
#include "server/status.hpp"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

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

[[noreturn]] void refuse(const std::string& field, const std::string& why) {
    throw refusal(jobs::reason::invalid_argument, field + ": " + why, {{"field", field}});
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

void check_copy(const v1::JobSpec& spec) {
    if (spec.operation() != v1::OPERATION_COPY) {
        check_fallback(spec.fallback());
        if (!spec.via().empty()) refuse("job.via", "for copies only");
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

jobs::path_wish to_path_wish(const v1::JobSpec& spec) {
    auto [wish, problem] = jobs::parse_via({spec.via().begin(), spec.via().end()});
    if (problem) refuse("job.via", problem.message);
    if (spec.fallback() == v1::FALLBACK_POLICY_FORBID) wish.fallback = jobs::fallback::forbid;
    return wish;
}

v1::PathBytes to_proto(const jobs::path_bytes& part);

v1::DataPath to_proto(jobs::data_path path) {
    switch (path) {
        case jobs::data_path::p2p:
            return v1::DATA_PATH_P2P;
        case jobs::data_path::host:
            return v1::DATA_PATH_HOST;
        case jobs::data_path::cpu:
            return v1::DATA_PATH_CPU;
    }
    return v1::DATA_PATH_UNSPECIFIED;
}

v1::PathBytes to_proto(const jobs::path_bytes& part) {
    v1::PathBytes p;
    p.set_data_path(to_proto(part.path));
    p.set_bytes(static_cast<std::int64_t>(part.bytes));
    // They name paths, which need not be UTF-8 as these fields must.
    p.set_device(printable(part.device));
    p.set_reason(printable(part.reason));
    return p;
}

jobs::path_bytes from_proto(const v1::PathBytes& part) {
    jobs::path_bytes p{.path = jobs::data_path::cpu,
                       .bytes = static_cast<std::uint64_t>(part.bytes()),
                       .device = part.device(),
                       .reason = part.reason()};
    if (part.data_path() == v1::DATA_PATH_P2P) p.path = jobs::data_path::p2p;
    if (part.data_path() == v1::DATA_PATH_HOST) p.path = jobs::data_path::host;
    return p;
}

}  // namespace

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

void check_fallback(v1::FallbackPolicy policy) {
    if (policy == v1::FALLBACK_POLICY_FORBID) {
        refuse("fallback",
               "this server has no device, so every byte takes the CPU's path: allow that, or ask "
               "another server");
    }
    if (!v1::FallbackPolicy_IsValid(policy)) refuse("fallback", "unknown value");
}

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
    check_copy(spec);
    if (!spec.engine().empty() && spec.engine() != "auto" && spec.engine() != "software") {
        refuse("job.engine", "this server has \"software\" only");
    }

    jobs::job_spec s;
    s.operation = to_operation(spec.operation());
    s.container = to_container(spec.format());
    s.container_given = spec.format() != v1::FORMAT_UNSPECIFIED;
    s.level = spec.level();
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
    s.via = to_path_wish(spec);
    s.chunk_bytes = static_cast<std::uint32_t>(spec.chunk_bytes());
    s.depth = static_cast<std::uint32_t>(spec.depth());
    s.force_device = spec.force_device();
    s.priority = spec.priority();
    s.labels.assign(spec.labels().begin(), spec.labels().end());
    if (const jobs::problem problem = jobs::validate(s)) throw refusal(problem);
    return s;
}

std::string canonical_bytes(const google::protobuf::MessageLite& message) {
    std::string bytes;
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
    coded.Trim();
    return bytes;
}

std::string to_stored_paths(const std::vector<jobs::path_bytes>& paths) {
    v1::Progress message;
    for (const auto& part : paths) *message.add_paths() = to_proto(part);
    return message.SerializeAsString();
}

std::vector<jobs::path_bytes> from_stored_paths(const std::string& stored) {
    v1::Progress message;
    std::vector<jobs::path_bytes> paths;
    if (!message.ParseFromString(stored)) return paths;  // damaged: not worth a job
    for (const auto& part : message.paths()) paths.push_back(from_proto(part));
    return paths;
}

v1::JobState to_proto(jobs::job_state state) {
    switch (state) {
        case jobs::job_state::queued:
            return v1::JOB_STATE_QUEUED;
        case jobs::job_state::running:
            return v1::JOB_STATE_RUNNING;
        case jobs::job_state::succeeded:
            return v1::JOB_STATE_SUCCEEDED;
        case jobs::job_state::failed:
            return v1::JOB_STATE_FAILED;
        case jobs::job_state::cancelling:
            return v1::JOB_STATE_CANCELLING;
        case jobs::job_state::cancelled:
            return v1::JOB_STATE_CANCELLED;
        case jobs::job_state::partial:
            return v1::JOB_STATE_PARTIAL;
    }
    return v1::JOB_STATE_UNSPECIFIED;
}

std::optional<jobs::job_state> from_proto(v1::JobState state) {
    switch (state) {
        case v1::JOB_STATE_QUEUED:
            return jobs::job_state::queued;
        case v1::JOB_STATE_RUNNING:
            return jobs::job_state::running;
        case v1::JOB_STATE_SUCCEEDED:
            return jobs::job_state::succeeded;
        case v1::JOB_STATE_FAILED:
            return jobs::job_state::failed;
        case v1::JOB_STATE_CANCELLING:
            return jobs::job_state::cancelling;
        case v1::JOB_STATE_CANCELLED:
            return jobs::job_state::cancelled;
        case v1::JOB_STATE_PARTIAL:
            return jobs::job_state::partial;
        default:
            return std::nullopt;
    }
}

v1::FileResult to_proto(const jobs::file_result& result) {
    v1::FileResult r;
    r.set_source(result.source);
    r.set_destination(result.destination);
    r.set_bytes_in(static_cast<std::int64_t>(result.bytes_in));
    r.set_bytes_out(static_cast<std::int64_t>(result.bytes_out));
    r.set_crc32(result.crc32);
    r.set_skipped(result.skipped);
    if (result.error) *r.mutable_error() = to_rpc_status(result.error);
    for (const auto& warning : result.warnings) *r.add_warnings() = to_rpc_status(warning);
    for (const auto& part : result.paths) *r.add_paths() = to_proto(part);
    return r;
}

google::protobuf::Timestamp to_timestamp(micros time) {
    google::protobuf::Timestamp t;
    t.set_seconds(time / 1000000);
    t.set_nanos(static_cast<std::int32_t>(time % 1000000 * 1000));
    return t;
}

v1::Progress to_progress(const job_view& view) {
    const job_counters& c = view.record.counters;
    v1::Progress p;
    p.set_files_total(c.files_total);
    p.set_files_done(c.files_done);
    p.set_files_failed(c.files_failed);
    p.set_bytes_total(c.bytes_total);
    p.set_bytes_in(c.bytes_in);
    p.set_bytes_out(c.bytes_out);
    p.set_page_cache_files(c.page_cache_files);
    p.set_scanning(view.scanning);
    p.set_bytes_per_second(view.bytes_per_second);
    if (view.eta_seconds) {
        p.mutable_eta()->set_seconds(static_cast<std::int64_t>(*view.eta_seconds));
        p.mutable_eta()->set_nanos(static_cast<std::int32_t>(
            (*view.eta_seconds - static_cast<double>(p.eta().seconds())) * 1e9));
    }
    for (const auto& part : view.paths) *p.add_paths() = to_proto(part);
    if (p.paths().empty() && jobs::is_terminal(view.record.state))
        for (const auto& part : from_stored_paths(view.record.paths))
            *p.add_paths() = to_proto(part);
    // The software engine's share is not counted apart while it works.
    if (p.paths().empty() && c.bytes_in != 0) {
        auto& path = *p.add_paths();
        path.set_data_path(v1::DATA_PATH_CPU);
        path.set_bytes(c.bytes_in);
        path.set_device("software");
        path.set_reason("software engine");
    }
    return p;
}

v1::Job to_proto(const job_view& view) {
    const job_record& r = view.record;
    v1::Job job;
    job.set_name("jobs/" + r.id);
    // Bytes this server wrote itself; a store that is damaged unseen gives an empty spec.
    job.mutable_spec()->ParseFromString(r.spec);
    job.set_state(to_proto(r.state));
    *job.mutable_progress() = to_progress(view);
    if (r.error) *job.mutable_error() = to_rpc_status(r.error);
    *job.mutable_create_time() = to_timestamp(r.create_time);
    if (r.start_time) *job.mutable_start_time() = to_timestamp(*r.start_time);
    if (r.end_time) *job.mutable_end_time() = to_timestamp(*r.end_time);
    job.set_sequence(r.sequence);
    job.set_warned(r.warned);
    return job;
}

}  // namespace peerpress::server
