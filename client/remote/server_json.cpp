#include "client/remote/server_json.hpp"

#include "client/printable.hpp"
#include "client/remote/convert.hpp"
#include "client/remote/server_error.hpp"
#include "client/report/json_lines.hpp"
#include "client/units.hpp"

#include <fmt/format.h>
#include <google/protobuf/util/time_util.h>

namespace peerpress::client {

using boost::json::array;
using boost::json::object;
using boost::json::value;

namespace {

value time_json(bool known, const google::protobuf::Timestamp& time) {
    return known ? value(google::protobuf::util::TimeUtil::ToString(time)) : value();
}

object error_object(const jobs::problem& problem) {
    return {{"reason", jobs::reason_name(problem.reason)}, {"message", to_utf8(problem.message)}};
}

// "GZIP" from FORMAT_GZIP.
std::string format_name(int format) {
    const std::string name = v1::Format_Name(static_cast<v1::Format>(format));
    return name.starts_with("FORMAT_") ? name.substr(7) : name;
}

object p2p_json(const v1::PeerToPeer& info) {
    array providers;
    for (const v1::P2pProvider& provider : info.providers())
        providers.push_back(object{{"address", to_utf8(provider.address())},
                                   {"name", to_utf8(provider.name())},
                                   {"size_bytes", provider.size_bytes()},
                                   {"available_bytes", provider.available_bytes()},
                                   {"leased_bytes", provider.leased_bytes()}});
    array devices;
    for (const std::string& device : info.devices()) devices.emplace_back(to_utf8(device));
    return {{"enabled", info.enabled()},
            {"budget_bytes", info.budget_bytes()},
            {"providers", std::move(providers)},
            {"devices", std::move(devices)}};
}

object served_json(const v1::Accelerator& info) {
    array cores;
    for (const v1::AcceleratorCore& core : info.cores())
        cores.push_back(object{{"kind", to_utf8(core.kind())},
                               {"namespace_id", core.namespace_id()},
                               {"commands", core.commands()},
                               {"failures", core.failures()},
                               {"bytes", core.bytes()},
                               {"bytes_per_second", core.bytes_per_second()}});
    return {{"address", to_utf8(info.address())}, {"serial", to_utf8(info.serial())},
            {"name", to_utf8(info.name())},       {"model", to_utf8(info.model())},
            {"span_bytes", info.span_bytes()},    {"health", health_words(info.health())},
            {"reason", to_utf8(info.reason())},   {"quarantines", info.quarantines()},
            {"cores", std::move(cores)}};
}

std::string accelerator_text(const v1::Accelerator& info) {
    std::string out =
        fmt::format("accelerator: {}, serial {}, {} cores, {}", printable(info.name()),
                    printable(info.serial()), info.cores_size(), health_words(info.health()));
    if (!info.reason().empty()) out += ": " + printable(info.reason());
    return out + "\n";
}

std::string mebibytes_text(std::int64_t bytes) {
    return fmt::format("{:.4g} MiB", static_cast<double>(bytes) / (1 << 20));
}

std::string p2p_text(const v1::PeerToPeer& info) {
    if (!info.enabled()) return "peer to peer: turned off (p2p.enabled)\n";
    std::string out;
    for (const v1::P2pProvider& provider : info.providers())
        out += fmt::format("peer to peer: through {}, {} of {} free, {} ours, at most {}\n",
                           printable(provider.name()), mebibytes_text(provider.available_bytes()),
                           mebibytes_text(provider.size_bytes()),
                           mebibytes_text(provider.leased_bytes()),
                           mebibytes_text(info.budget_bytes()));
    if (info.providers().empty()) out = "peer to peer: no device offers memory\n";
    for (const std::string& device : info.devices())
        out += fmt::format("raw device: {}\n", printable(device));
    return out;
}

constexpr const char* columns = "{:<41}  {:<10}  {:<10}  {:>15}  {:>9}  {:<20}";

}  // namespace

const char* health_words(v1::DeviceHealth health) {
    switch (health) {
        case v1::DEVICE_HEALTH_SERVING:
            return "serving";
        case v1::DEVICE_HEALTH_DRAINED:
            return "drained";
        case v1::DEVICE_HEALTH_QUARANTINED:
            return "quarantined";
        default:
            return "unknown";
    }
}

object job_json(const v1::Job& job) {
    object labels;
    for (const auto& [key, label] : job.spec().labels()) labels[to_utf8(key)] = to_utf8(label);
    const jobs::problem problem = problem_of(job.error());
    object progress = progress_json(from_message(job.progress()));
    progress.erase("type");
    progress.erase("elapsed_seconds");
    return {{"type", "job"},
            {"name", job.name()},
            {"operation", jobs::operation_name(from_message(job.spec().operation()))},
            {"state", jobs::job_state_name(from_message(job.state()))},
            {"warned", job.warned()},
            {"priority", job.spec().priority()},
            {"sources", job.spec().sources_size()},
            {"labels", std::move(labels)},
            {"progress", std::move(progress)},
            {"error", problem ? value(error_object(problem)) : value()},
            {"create_time", time_json(job.has_create_time(), job.create_time())},
            {"start_time", time_json(job.has_start_time(), job.start_time())},
            {"end_time", time_json(job.has_end_time(), job.end_time())}};
}

object server_json(const v1::ServerInfo& info, const std::string& address) {
    array formats;
    for (const int format : info.formats()) formats.emplace_back(format_name(format));
    array engines;
    for (const std::string& engine : info.engines()) engines.emplace_back(to_utf8(engine));
    array accelerators;
    for (const v1::Accelerator& each : info.accelerators())
        accelerators.push_back(served_json(each));
    return {{"type", "server"},
            {"address", address},
            {"version", info.version()},
            {"formats", std::move(formats)},
            {"engines", std::move(engines)},
            {"staging_slots", info.staging_slots()},
            {"staging_bytes", info.staging_bytes()},
            {"staging_memory", info.staging_memory()},
            {"chunk_bytes_max", info.chunk_bytes_max()},
            {"codec_threads", info.codec_threads()},
            {"jobs_running_max", info.jobs_running_max()},
            {"transforms_running_max", info.transforms_running_max()},
            {"level_default", info.level_default()},
            {"output_bytes_max", info.output_bytes_max()},
            {"draining", info.draining()},
            {"start_time", time_json(info.has_start_time(), info.start_time())},
            {"peer_to_peer", p2p_json(info.peer_to_peer())},
            {"accelerators", std::move(accelerators)}};
}

std::string job_header() {
    return fmt::format(fmt::runtime(columns), "name", "state", "operation", "files", "data",
                       "created");
}

std::string job_row(const v1::Job& job) {
    const progress_sample progress = from_message(job.progress());
    const std::string files =
        fmt::format("{}/{}", progress.files_done + progress.files_failed, progress.files_total);
    const std::string created =
        job.has_create_time()
            ? google::protobuf::util::TimeUtil::ToString(job.create_time()).substr(0, 19) + "Z"
            : "-";
    return fmt::format(fmt::runtime(columns), printable(job.name()),
                       jobs::job_state_name(from_message(job.state())),
                       jobs::operation_name(from_message(job.spec().operation())), files,
                       bytes_text(progress.bytes_in), created);
}

std::string server_text(const v1::ServerInfo& info, const std::string& address) {
    std::string formats;
    for (const int format : info.formats())
        formats += (formats.empty() ? "" : ", ") + format_name(format);
    std::string engines;
    for (const std::string& engine : info.engines())
        engines += (engines.empty() ? "" : ", ") + printable(engine);
    std::string out = fmt::format("peerpressd {} at {}{}\n", printable(info.version()), address,
                                  info.draining() ? " (draining)" : "");
    out += fmt::format("engines: {}; {} codec threads\n", engines, info.codec_threads());
    out += fmt::format("formats: {}\n", formats);
    out += fmt::format("staging: {} slots, {}, {}; chunks up to {}\n", info.staging_slots(),
                       bytes_text(static_cast<std::uint64_t>(info.staging_bytes())),
                       printable(info.staging_memory()),
                       bytes_text(static_cast<std::uint64_t>(info.chunk_bytes_max())));
    out += fmt::format("at a time: {} jobs, {} streams\n", info.jobs_running_max(),
                       info.transforms_running_max());
    for (const v1::Accelerator& each : info.accelerators()) out += accelerator_text(each);
    return out + p2p_text(info.peer_to_peer());
}

}  // namespace peerpress::client
