#include "client/report/summary_line.hpp"

#include "client/report/path_shares.hpp"
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

// How much of what, and the ratio where there is one.
std::string data_text(const job_summary& summary) {
    const job_totals& totals = summary.totals;
    if (summary.operation == jobs::operation::copy) return bytes_text(totals.bytes_out);
    const bool compressing = summary.operation == jobs::operation::compress;
    const std::uint64_t plain = compressing ? totals.bytes_in : totals.bytes_out;
    const std::uint64_t compressed = compressing ? totals.bytes_out : totals.bytes_in;
    return fmt::format("{} -> {}, {}", bytes_text(totals.bytes_in), bytes_text(totals.bytes_out),
                       ratio_text(plain, compressed));
}

}  // namespace

std::string summary_line(const job_summary& summary) {
    const job_totals& totals = summary.totals;
    const double rate = summary.elapsed_seconds > 0
                            ? static_cast<double>(totals.bytes_in) / summary.elapsed_seconds
                            : 0;
    std::string line = fmt::format("{}, {}, {}, {}", files_text(totals), data_text(summary),
                                   rate_text(rate), elapsed_text(summary.elapsed_seconds));
    const std::string shares = path_shares(totals.paths);
    return shares.empty() ? line : line + ", " + shares;
}

}  // namespace peerpress::client
