#include "client/report/summary_line.hpp"

#include "client/units.hpp"

#include <fmt/format.h>

namespace peerpress::client {
namespace {

std::string files_text(const job_totals& totals) {
    const std::uint64_t done = totals.files_done;
    std::string text = fmt::format("{} file{}", done, done == 1 ? "" : "s");
    if (totals.files_failed > 0) text += fmt::format(" ({} failed)", totals.files_failed);
    if (totals.files_skipped > 0) text += fmt::format(" ({} skipped)", totals.files_skipped);
    return text;
}

// Bytes of each path are given only where there are several: one is the rule.
std::string paths_text(const std::vector<jobs::path_bytes>& paths) {
    std::string text;
    for (const jobs::path_bytes& part : paths) {
        text += fmt::format(", {}", jobs::data_path_name(part.path));
        if (!part.device.empty()) text += fmt::format(" ({})", part.device);
        if (paths.size() > 1) text += " " + bytes_text(part.bytes);
    }
    return text;
}

}  // namespace

std::string summary_line(const job_summary& summary) {
    const job_totals& totals = summary.totals;
    const bool compressing = summary.operation == jobs::operation::compress;
    const std::uint64_t plain = compressing ? totals.bytes_in : totals.bytes_out;
    const std::uint64_t compressed = compressing ? totals.bytes_out : totals.bytes_in;
    const double rate = summary.elapsed_seconds > 0
                            ? static_cast<double>(totals.bytes_in) / summary.elapsed_seconds
                            : 0;
    return fmt::format("{}, {} -> {}, {}, {}, {}{}", files_text(totals),
                       bytes_text(totals.bytes_in), bytes_text(totals.bytes_out),
                       ratio_text(plain, compressed), rate_text(rate),
                       elapsed_text(summary.elapsed_seconds), paths_text(totals.paths));
}

}  // namespace peerpress::client
