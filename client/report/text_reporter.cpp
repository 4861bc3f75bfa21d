#include "client/report/text_reporter.hpp"

#include "client/printable.hpp"
#include "client/report/level_shares.hpp"
#include "client/report/path_shares.hpp"
#include "client/report/summary_line.hpp"
#include "client/units.hpp"

#include <fmt/format.h>

namespace peerpress::client {
namespace {

std::string done_text(const jobs::file_result& file, jobs::operation operation) {
    if (operation == jobs::operation::copy) {
        const std::string way = path_reasons(file.paths);
        return fmt::format("{} -> {}: {}{}{}", printable(file.source), printable(file.destination),
                           bytes_text(file.bytes_out), way.empty() ? "" : ", ", way);
    }
    const bool compressing = operation == jobs::operation::compress;
    const std::uint64_t plain = compressing ? file.bytes_in : file.bytes_out;
    const std::uint64_t compressed = compressing ? file.bytes_out : file.bytes_in;
    const std::string target = operation == jobs::operation::test ? "OK" : file.destination;
    const std::string levels = level_shares(file.levels);
    return fmt::format("{} -> {}: {} -> {}, {}{}{}", printable(file.source), printable(target),
                       bytes_text(file.bytes_in), bytes_text(file.bytes_out),
                       ratio_text(plain, compressed), levels.empty() ? "" : ", ", levels);
}

}  // namespace

text_reporter::text_reporter(std::ostream& out, std::string prefix, output_choice choice,
                             progress_display display, jobs::operation operation)
    : out_(out),
      prefix_(std::move(prefix)),
      choice_(choice),
      display_(std::move(display)),
      operation_(operation) {}

void text_reporter::line(const std::string& text) {
    display_.clear();
    out_ << text << std::endl;
}

void text_reporter::on_progress(const progress_sample& sample) {
    display_.draw(sample, std::chrono::steady_clock::now());
}

void text_reporter::on_file(const jobs::file_result& file) {
    for (const jobs::problem& warning : file.warnings) on_warning(warning.message);
    if (file.error) {
        file_failed_ = true;
        line(fmt::format("{}: {}", prefix_, printable(file.error.message)));
    } else if (choice_.verbose && file.skipped) {
        if (file.warnings.empty())
            line(fmt::format("{}: passed over by its suffix", printable(file.source)));
    } else if (choice_.verbose) {
        line(done_text(file, operation_));
    }
}

void text_reporter::on_summary(const job_summary& summary) {
    display_.clear();
    if (summary.outcome.error && !file_failed_) on_error(summary.outcome.error, summary.exit_code);
    if (choice_.quiet) return;
    if (summary.totals.files_done > 0) line(summary_line(summary));
}

void text_reporter::on_error(const jobs::problem& problem, int) {
    line(fmt::format("{}: {}", prefix_, printable(problem.message)));
}

void text_reporter::on_note(const std::string& text) {
    if (choice_.verbose) line(fmt::format("{}: {}", prefix_, printable(text)));
}

void text_reporter::on_warning(const std::string& text) {
    if (!choice_.quiet) line(fmt::format("{}: warning: {}", prefix_, printable(text)));
}

}  // namespace peerpress::client
