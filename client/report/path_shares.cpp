#include "client/report/path_shares.hpp"

#include "client/printable.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace peerpress::client {
namespace {

using jobs::path_bytes;

std::uint64_t sum_of(const std::vector<path_bytes>& paths) {
    std::uint64_t sum = 0;
    for (const path_bytes& part : paths) sum += part.bytes;
    return sum;
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
    if (part == whole) return "100 %";
    const double share = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
    if (share < 0.1) return "<0.1 %";
    return fmt::format("{:.1f} %", std::min(share, 99.9));
}

std::string share_text(const path_bytes& part, std::uint64_t whole) {
    std::string text =
        fmt::format("{} {}", jobs::data_path_name(part.path), percent(part.bytes, whole));
    if (!part.device.empty()) text += fmt::format(" ({})", printable(part.device));
    return text;
}

// p2p first; one part for each way and device, or also for each reason.
std::vector<path_bytes> merged(const std::vector<path_bytes>& paths, bool by_reason) {
    std::vector<path_bytes> sum;
    for (path_bytes part : paths) {
        if (!by_reason) part.reason.clear();
        if (part.bytes > 0) jobs::add_path_bytes(sum, part);
    }
    std::ranges::stable_sort(sum, {}, &path_bytes::path);
    return sum;
}

}  // namespace

bool is_all_software(const std::vector<path_bytes>& paths) {
    return std::ranges::all_of(paths, [](const path_bytes& part) {
        return part.path == jobs::data_path::cpu && !part.device.empty();
    });
}

std::string path_shares(const std::vector<path_bytes>& paths) {
    const std::vector<path_bytes> parts = merged(paths, false);
    const std::uint64_t whole = sum_of(parts);
    std::string text;
    for (const path_bytes& part : parts) {
        if (!text.empty()) text += ", ";
        if (parts.size() == 1 && is_all_software(parts))
            text += fmt::format("cpu ({})", printable(part.device));
        else
            text += share_text(part, whole);
    }
    return text;
}

std::string path_reasons(const std::vector<path_bytes>& paths) {
    const std::vector<path_bytes> parts = merged(paths, true);
    const std::uint64_t whole = sum_of(parts);
    std::string text;
    for (const path_bytes& part : parts) {
        if (!text.empty()) text += "; ";
        text += share_text(part, whole);
        if (!part.reason.empty()) text += ": " + printable(part.reason);
    }
    return text;
}

}  // namespace peerpress::client
