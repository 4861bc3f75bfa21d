#include "client/remote/convert.hpp"

#include "client/remote/server_error.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace peerpress::client {
namespace {

using jobs::job_state;
using jobs::operation;
using jobs::verification;
using pipeline::container;

constexpr std::array operations{std::pair{operation::compress, v1::OPERATION_COMPRESS},
                                std::pair{operation::decompress, v1::OPERATION_DECOMPRESS},
                                std::pair{operation::test, v1::OPERATION_TEST},
                                std::pair{operation::copy, v1::OPERATION_COPY}};

constexpr std::array formats{
    std::pair{container::gzip, v1::FORMAT_GZIP}, std::pair{container::bgzf, v1::FORMAT_BGZF},
    std::pair{container::plain, v1::FORMAT_PLAIN}, std::pair{container::zlib, v1::FORMAT_ZLIB},
    std::pair{container::deflate, v1::FORMAT_DEFLATE}};

constexpr std::array verifications{std::pair{verification::automatic, v1::VERIFY_UNSPECIFIED},
                                   std::pair{verification::off, v1::VERIFY_OFF},
                                   std::pair{verification::self, v1::VERIFY_SELF},
                                   std::pair{verification::full, v1::VERIFY_FULL}};

constexpr std::array states{std::pair{job_state::queued, v1::JOB_STATE_QUEUED},
                            std::pair{job_state::running, v1::JOB_STATE_RUNNING},
                            std::pair{job_state::succeeded, v1::JOB_STATE_SUCCEEDED},
                            std::pair{job_state::failed, v1::JOB_STATE_FAILED},
                            std::pair{job_state::cancelling, v1::JOB_STATE_CANCELLING},
                            std::pair{job_state::cancelled, v1::JOB_STATE_CANCELLED},
                            std::pair{job_state::partial, v1::JOB_STATE_PARTIAL}};

constexpr std::array data_paths{std::pair{jobs::data_path::p2p, v1::DATA_PATH_P2P},
                                std::pair{jobs::data_path::host, v1::DATA_PATH_HOST},
                                std::pair{jobs::data_path::cpu, v1::DATA_PATH_CPU}};

template <class Table, class Value>
constexpr auto message_in(const Table& table, Value value) {
    for (const auto& [ours, theirs] : table) {
        if (ours == value) return theirs;
    }
    return decltype(table[0].second){};
}

// A newer server may know more than we do.
template <class Table, class Message, class Value>
constexpr Value value_in(const Table& table, Message message, Value otherwise) {
    for (const auto& [ours, theirs] : table) {
        if (theirs == message) return ours;
    }
    return otherwise;
}

v1::Codec to_message(accel::codec codec) {
    return codec == accel::codec::zlib ? v1::CODEC_ZLIB : v1::CODEC_UNSPECIFIED;
}

// No limit is 0 in the API.
std::int64_t limit(std::uint64_t bytes) {
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    return bytes == ~std::uint64_t{0} ? 0 : static_cast<std::int64_t>(std::min(bytes, most));
}

std::string absolute(const std::string& path, std::string_view directory) {
    if (path.empty() || path.starts_with("/")) return path;
    return std::string(directory) + "/" + path;
}

std::uint64_t count(std::int64_t value) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(value, 0));
}

}  // namespace

v1::JobSpec to_message(const job_request& request, std::string_view directory) {
    const jobs::job_spec& spec = request.spec;
    const bool compresses = spec.operation == operation::compress;
    v1::JobSpec out;
    out.set_operation(message_in(operations, spec.operation));
    if (compresses || spec.container_given) out.set_format(message_in(formats, spec.container));
    out.set_level(request.level_given ? spec.level : 0);
    out.set_level_auto(spec.level_auto);
    out.set_rate(limit(spec.rate));
    for (const std::string& word : jobs::via_words(spec.via)) out.add_via(word);
    out.set_chunk_bytes(spec.chunk_bytes);
    out.set_depth(static_cast<std::int32_t>(spec.depth));
    out.set_force_device(spec.force_device);
    for (const std::string& source : spec.sources) out.add_sources(absolute(source, directory));
    out.set_destination(absolute(spec.destination, directory));
    out.set_destination_dir(absolute(spec.destination_dir, directory));
    out.set_recursive(spec.recursive);
    out.set_overwrite(spec.overwrite);
    out.set_follow_symlinks(spec.follow_symlinks);
    out.set_remove_sources(spec.remove_sources);
    out.set_fallback(spec.via.fallback == fallback::forbid ? v1::FALLBACK_POLICY_FORBID
                                                           : v1::FALLBACK_POLICY_ALLOW);
    out.set_verify(message_in(verifications, spec.verification));
    out.set_codec(to_message(spec.codec));
    out.set_engine(std::string(jobs::engine_name(spec.engine)));
    if (compresses) out.set_member_bytes(spec.member_bytes);
    out.set_output_bytes_max(limit(spec.output_bytes_max));
    out.set_priority(spec.priority);
    for (const auto& [key, value] : spec.labels) (*out.mutable_labels())[key] = value;
    out.set_suffix(spec.suffix);
    return out;
}

v1::JobState to_message(job_state state) {
    return message_in(states, state);
}

v1::TransformOpen to_open(const pipeline::compress_options& options) {
    v1::TransformOpen open;
    open.set_operation(v1::OPERATION_COMPRESS);
    open.set_format(message_in(formats, options.container));
    open.set_level(options.level);
    open.set_codec(to_message(options.codec));
    open.set_member_bytes(options.member_bytes);
    return open;
}

v1::TransformOpen to_open(const pipeline::decompress_options& options) {
    v1::TransformOpen open;
    open.set_operation(v1::OPERATION_DECOMPRESS);
    if (options.container) open.set_format(message_in(formats, *options.container));
    open.set_output_bytes_max(limit(options.output_bytes_max));
    return open;
}

std::vector<jobs::path_bytes> from_message(
    const google::protobuf::RepeatedPtrField<v1::PathBytes>& paths) {
    std::vector<jobs::path_bytes> out;
    for (const v1::PathBytes& part : paths) {
        out.push_back({.path = value_in(data_paths, part.data_path(), jobs::data_path::cpu),
                       .bytes = count(part.bytes()),
                       .device = part.device(),
                       .reason = part.reason()});
    }
    return out;
}

jobs::file_result from_message(const v1::FileResult& file) {
    jobs::file_result out{.source = file.source(),
                          .destination = file.destination(),
                          .bytes_in = count(file.bytes_in()),
                          .bytes_out = count(file.bytes_out()),
                          .crc32 = file.crc32(),
                          .paths = from_message(file.paths()),
                          .levels = {},
                          .error = problem_of(file.error()),
                          .warnings = {},
                          .skipped = file.skipped()};
    for (const auto& part : file.levels())
        out.levels.push_back({part.level(), count(part.bytes())});
    for (const auto& warning : file.warnings()) out.warnings.push_back(problem_of(warning));
    return out;
}

progress_sample from_message(const v1::Progress& progress) {
    return {.bytes_in = count(progress.bytes_in()),
            .bytes_total = count(progress.bytes_total()),
            .bytes_out = count(progress.bytes_out()),
            .files_total = count(progress.files_total()),
            .files_done = count(progress.files_done()),
            .files_failed = count(progress.files_failed()),
            .scanning = progress.scanning(),
            .bytes_per_second = progress.bytes_per_second(),
            .paths = from_message(progress.paths())};
}

job_state from_message(v1::JobState state) {
    return value_in(states, state, job_state::queued);
}

operation from_message(v1::Operation operation) {
    return value_in(operations, operation, operation::compress);
}

jobs::job_outcome outcome_of(const v1::Job& job) {
    return {.state = from_message(job.state()),
            .error = problem_of(job.error()),
            .warned = job.warned()};
}

}  // namespace peerpress::client
