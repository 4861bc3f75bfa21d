#include "client/progress_line.hpp"

#include "client/report/path_shares.hpp"
#include "client/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace peerpress::client {
namespace {

struct part {
    int rank;  // the highest goes first when the line is too long
    std::string text;
};

std::vector<part> parts(const progress_sample& sample, bool compressing) {
    std::vector<part> out;
    const bool total_known = sample.bytes_total > 0 && !sample.scanning;
    if (total_known) {
        const std::uint64_t done = std::min(sample.bytes_in, sample.bytes_total);
        const auto percent = static_cast<unsigned>(100.0 * static_cast<double>(done) /
                                                   static_cast<double>(sample.bytes_total));
        out.push_back({0, fmt::format("{:3}%", percent)});
        out.push_back({4, fmt::format("{} of {}", bytes_text(sample.bytes_in),
                                      bytes_text(sample.bytes_total))});
    } else {
        out.push_back({0, bytes_text(sample.bytes_in)});
    }
    out.push_back({1, rate_text(sample.bytes_per_second)});
    const std::uint64_t plain = compressing ? sample.bytes_in : sample.bytes_out;
    const std::uint64_t compressed = compressing ? sample.bytes_out : sample.bytes_in;
    if (!is_all_software(sample.paths))
        out.push_back({3, path_shares(sample.paths)});
    else if (plain > 0 && compressed > 0)
        out.push_back({3, ratio_text(plain, compressed)});
    if (const auto eta = eta_seconds(sample)) out.push_back({2, "ETA " + clock_text(*eta)});
    if (sample.files_total > 1 || sample.scanning) {
        out.push_back({5, fmt::format("{}/{}{} files", sample.files_done + sample.files_failed,
                                      sample.files_total, sample.scanning ? "+" : "")});
    }
    if (sample.files_failed > 0) out.push_back({2, fmt::format("{} failed", sample.files_failed)});
    return out;
}

std::string joined(const std::vector<part>& parts) {
    std::string line;
    for (const part& p : parts) {
        if (!line.empty()) line += "  ";
        line += p.text;
    }
    return line;
}

}  // namespace

std::optional<double> eta_seconds(const progress_sample& sample) {
    if (sample.scanning || sample.bytes_total == 0 || sample.bytes_per_second <= 0)
        return std::nullopt;
    if (sample.bytes_in >= sample.bytes_total) return 0.0;
    return static_cast<double>(sample.bytes_total - sample.bytes_in) / sample.bytes_per_second;
}

std::string progress_line(const progress_sample& sample, bool compressing, unsigned width) {
    auto shown = parts(sample, compressing);
    std::string line = joined(shown);
    while (line.size() > width && shown.size() > 1) {
        shown.erase(std::ranges::max_element(shown, {}, &part::rank));
        line = joined(shown);
    }
    if (line.size() > width) line.resize(width);
    return line;
}

}  // namespace peerpress::client
