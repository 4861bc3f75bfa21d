#include "client/report/measurement_report.hpp"

#include "client/printable.hpp"
#include "client/report/json_lines.hpp"
#include "client/report/path_shares.hpp"
#include "client/units.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace peerpress::client {
namespace {

using boost::json::object;
using boost::json::value;
using pipeline::latency_summary;

std::uint64_t moved_bytes(const measured_run& run) {
    return std::max(run.report.bytes_read, run.report.bytes_written);
}

double rate_of(const measured_run& run) {
    return run.seconds > 0 ? static_cast<double>(moved_bytes(run)) / run.seconds : 0;
}

double cpu_seconds_per_gb(const measured_run& run) {
    const double gigabytes = static_cast<double>(moved_bytes(run)) * 1e-9;
    return gigabytes > 0 ? run.cpu_seconds / gigabytes : 0;
}

std::string time_text(std::chrono::nanoseconds time) {
    const double micros = static_cast<double>(time.count()) * 1e-3;
    return micros < 1000 ? fmt::format("{:.1f} us", micros)
                         : fmt::format("{:.2f} ms", micros * 1e-3);
}

std::string latency_text(const char* name, const latency_summary& times) {
    return fmt::format("  {:<6} p50 {}, p90 {}, p99 {}, p99.9 {}, max {}\n", name,
                       time_text(times.p50), time_text(times.p90), time_text(times.p99),
                       time_text(times.p999), time_text(times.max));
}

std::string end_text(const char* name, const measured_end& end) {
    std::string text = fmt::format("{}  {}  {}", name, printable(end.path), end.kind);
    if (end.size_bytes > 0) text += fmt::format(", {}", bytes_text(end.size_bytes));
    if (!end.device.empty()) text += fmt::format(", {}", printable(end.device));
    return text + "\n";
}

std::string run_text(const measured_run& run) {
    std::string text = fmt::format("staging  {}, {} at a time, {} bytes each\n",
                                   printable(run.staging), run.depth, run.chunk_bytes);
    text += fmt::format("  {} in {:.3f} s, {}\n", bytes_text(moved_bytes(run)), run.seconds,
                        rate_text(rate_of(run)));
    text += fmt::format("  {}\n", path_reasons(run.paths));
    // No counter that every machine has tells what DMA did to host memory.
    text += fmt::format(
        "  {:.3f} CPU seconds per GB, {:.2f} bytes through host memory per byte (by their ways)\n",
        cpu_seconds_per_gb(run), run.host_bytes_per_byte);
    if (run.report.reads) text += latency_text("reads", *run.report.reads);
    if (run.report.writes) text += latency_text("writes", *run.report.writes);
    if (run.verified) text += "  verified: both sides have the same bytes\n";
    return text;
}

std::string comparison_text(const measured_run& p2p, const measured_run& host) {
    const double slower = rate_of(host);
    return fmt::format(
        "from peer to peer: {:.2f} times the rate, {:.3f} instead of {:.3f} CPU seconds per GB, "
        "{:.2f} instead of {:.2f} bytes through host memory per byte\n",
        slower > 0 ? rate_of(p2p) / slower : 0, cpu_seconds_per_gb(p2p), cpu_seconds_per_gb(host),
        p2p.host_bytes_per_byte, host.host_bytes_per_byte);
}

value latency_json(const std::optional<latency_summary>& times) {
    if (!times) return nullptr;
    const auto seconds = [](std::chrono::nanoseconds time) {
        return static_cast<double>(time.count()) * 1e-9;
    };
    return object{{"count", times->count},        {"min", seconds(times->min)},
                  {"mean", seconds(times->mean)}, {"p50", seconds(times->p50)},
                  {"p90", seconds(times->p90)},   {"p99", seconds(times->p99)},
                  {"p999", seconds(times->p999)}, {"max", seconds(times->max)}};
}

object end_json(const measured_end& end) {
    object out;
    put_name(out, "path", end.path);
    out["kind"] = end.kind;
    out["device"] = to_utf8(end.device);
    out["size_bytes"] = end.size_bytes;
    return out;
}

}  // namespace

std::string measurement_text(const measurement& made) {
    std::string text = end_text("source", made.source) + end_text("target", made.target);
    for (const measured_run& run : made.runs) text += run_text(run);
    if (made.runs.size() == 2) text += comparison_text(made.runs[0], made.runs[1]);
    return text;
}

std::vector<object> measurement_json(const measurement& made) {
    std::vector<object> lines;
    for (const measured_run& run : made.runs)
        lines.push_back({{"type", "measurement"},
                         {"source", end_json(made.source)},
                         {"target", end_json(made.target)},
                         {"staging", to_utf8(run.staging)},
                         {"chunk_bytes", run.chunk_bytes},
                         {"depth", run.depth},
                         {"chunks", run.report.chunks},
                         {"bytes_read", run.report.bytes_read},
                         {"bytes_written", run.report.bytes_written},
                         {"elapsed_seconds", run.seconds},
                         {"bytes_per_second", static_cast<std::uint64_t>(rate_of(run))},
                         {"cpu_seconds", run.cpu_seconds},
                         {"cpu_seconds_per_gb", cpu_seconds_per_gb(run)},
                         {"host_bytes_per_byte", run.host_bytes_per_byte},
                         {"paths", paths_json(run.paths)},
                         {"reads", latency_json(run.report.reads)},
                         {"writes", latency_json(run.report.writes)},
                         {"verified", run.verified}});
    return lines;
}

}  // namespace peerpress::client
