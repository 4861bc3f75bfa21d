#include "server/convert.hpp"

#include "server/printable.hpp"
#include "server/status.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

namespace peerpress::server {

namespace {

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

std::string canonical_bytes(const google::protobuf::MessageLite& message) {
    std::string bytes;
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
    coded.Trim();
    return bytes;
}

v1::PathBytes software_path(std::uint64_t bytes) {
    return to_proto(jobs::path_bytes{.path = jobs::data_path::cpu,
                                     .bytes = bytes,
                                     .device = "software",
                                     .reason = "software engine"});
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
    for (const auto& part : result.levels) {
        v1::LevelBytes& level = *r.add_levels();
        level.set_level(part.level);
        level.set_bytes(static_cast<std::int64_t>(part.bytes));
    }
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
    if (p.paths().empty() && c.bytes_in != 0)
        *p.add_paths() = software_path(static_cast<std::uint64_t>(c.bytes_in));
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
