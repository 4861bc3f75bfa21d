#include "client/report/json_lines.hpp"

#include "client/printable.hpp"

namespace peerpress::client {

using boost::json::array;
using boost::json::object;
using boost::json::value;

namespace {

object problem_json(const jobs::problem& problem) {
    return {{"reason", jobs::reason_name(problem.reason)}, {"message", to_utf8(problem.message)}};
}

value rate(std::uint64_t bytes, double seconds) {
    return seconds > 0 ? static_cast<std::uint64_t>(static_cast<double>(bytes) / seconds) : 0;
}

}  // namespace

void put_name(object& into, std::string_view key, std::string_view name) {
    into[key] = to_utf8(name);
    if (!is_utf8(name)) into[std::string(key) + "_base64"] = base64(name);
}

array paths_json(const std::vector<jobs::path_bytes>& paths) {
    array out;
    for (const jobs::path_bytes& part : paths) {
        out.push_back(object{{"path", jobs::data_path_name(part.path)},
                             {"bytes", part.bytes},
                             {"device", to_utf8(part.device)},
                             {"reason", to_utf8(part.reason)}});
    }
    return out;
}

object progress_json(const progress_sample& sample) {
    const auto eta = eta_seconds(sample);
    return {{"type", "progress"},
            {"bytes_in", sample.bytes_in},
            {"bytes_total", sample.bytes_total},
            {"bytes_out", sample.bytes_out},
            {"files_total", sample.files_total},
            {"files_done", sample.files_done},
            {"files_failed", sample.files_failed},
            {"scanning", sample.scanning},
            {"bytes_per_second", static_cast<std::uint64_t>(sample.bytes_per_second)},
            {"eta_seconds", eta ? value(*eta) : value()},
            {"elapsed_seconds", sample.elapsed_seconds},
            {"paths", paths_json(sample.paths)}};
}

object file_json(const jobs::file_result& file) {
    object out{{"type", "file"}};
    put_name(out, "source", file.source);
    put_name(out, "destination", file.destination);
    out["bytes_in"] = file.bytes_in;
    out["bytes_out"] = file.bytes_out;
    out["crc32"] = file.crc32;
    out["skipped"] = file.skipped;
    out["paths"] = paths_json(file.paths);
    array levels;
    for (const pipeline::level_bytes& part : file.levels)
        levels.push_back(object{{"level", part.level}, {"bytes", part.bytes}});
    out["levels"] = std::move(levels);
    array warnings;
    for (const jobs::problem& warning : file.warnings) warnings.push_back(problem_json(warning));
    out["warnings"] = std::move(warnings);
    out["error"] = file.error ? value(problem_json(file.error)) : value();
    return out;
}

object summary_json(const job_summary& summary) {
    const job_totals& totals = summary.totals;
    return {
        {"type", "summary"},
        {"operation", jobs::operation_name(summary.operation)},
        {"state", jobs::job_state_name(summary.outcome.state)},
        {"exit_code", summary.exit_code},
        {"files_done", totals.files_done},
        {"files_failed", totals.files_failed},
        {"files_skipped", totals.files_skipped},
        {"bytes_in", totals.bytes_in},
        {"bytes_out", totals.bytes_out},
        {"bytes_per_second", rate(totals.bytes_in, summary.elapsed_seconds)},
        {"elapsed_seconds", summary.elapsed_seconds},
        {"paths", paths_json(totals.paths)},
        {"backend", summary.backend},
        {"job", summary.job.empty() ? value() : value(summary.job)},
        {"error", summary.outcome.error ? value(problem_json(summary.outcome.error)) : value()}};
}

object error_json(const jobs::problem& problem, int exit_code) {
    object out{{"type", "error"}};
    for (const auto& field : problem_json(problem)) out.insert(field);
    out["exit_code"] = exit_code;
    return out;
}

object listing_json(const std::string& name, const pipeline::listing& listing) {
    object out{{"type", "listing"}};
    put_name(out, "name", name);
    out["convention"] = listing.convention;
    out["members"] = listing.members;
    out["compressed_bytes"] = listing.compressed_bytes;
    out["data_bytes"] = listing.data_bytes;
    out["from_index"] = listing.from_index;
    return out;
}

}  // namespace peerpress::client
