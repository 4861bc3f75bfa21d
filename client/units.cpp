#include "client/units.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace peerpress::client {
namespace {

std::optional<unsigned> suffix_shift(std::string_view suffix) {
    if (suffix.empty() || suffix == "B") return 0;
    const std::string_view rest = suffix.substr(1);
    if (!rest.empty() && rest != "B" && rest != "iB") return std::nullopt;
    switch (suffix.front()) {
        case 'k':
        case 'K':
            return 10;
        case 'M':
            return 20;
        case 'G':
            return 30;
        case 'T':
            return 40;
        default:
            return std::nullopt;
    }
}

// Three significant digits: more would flicker on a progress line, fewer would hide movement.
std::string three_digits(double value) {
    if (value < 9.995) return fmt::format("{:.2f}", value);
    if (value < 99.95) return fmt::format("{:.1f}", value);
    return fmt::format("{:.0f}", value);
}

std::string scaled(double bytes) {
    static constexpr std::array units{"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    if (bytes < 999.5) return fmt::format("{:.0f} B", bytes);
    std::size_t unit = 0;
    while (bytes >= 999.5 && unit + 1 < units.size()) {
        bytes /= 1000;
        ++unit;
    }
    return fmt::format("{} {}", three_digits(bytes), units[unit]);
}

}  // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{}) return std::nullopt;
    const auto shift = suffix_shift({rest, static_cast<std::size_t>(end - rest)});
    if (!shift || number > std::numeric_limits<std::uint64_t>::max() >> *shift) return std::nullopt;
    return number << *shift;
}

std::optional<pipeline::decompress_options::byte_range> parse_range(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || text.size() == 1) return std::nullopt;
    const std::string_view offset = text.substr(0, colon);
    const std::string_view length = text.substr(colon + 1);
    const auto first = offset.empty() ? 0 : parse_size(offset);
    const auto count =
        length.empty() ? std::numeric_limits<std::uint64_t>::max() : parse_size(length);
    if (!first || !count) return std::nullopt;
    return pipeline::decompress_options::byte_range{.offset_bytes = *first, .length_bytes = *count};
}

std::string bytes_text(std::uint64_t bytes) {
    return scaled(static_cast<double>(bytes));
}

std::string rate_text(double bytes_per_second) {
    return scaled(bytes_per_second) + "/s";
}

std::string ratio_text(std::uint64_t plain, std::uint64_t compressed) {
    if (plain == 0 || compressed == 0) return "-";
    return fmt::format("{:.2f}:1", static_cast<double>(plain) / static_cast<double>(compressed));
}

std::string clock_text(double seconds) {
    const auto whole = static_cast<std::uint64_t>(std::ceil(seconds));
    if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string elapsed_text(double seconds) {
    if (seconds < 9.995) return fmt::format("{:.2f} s", seconds);
    if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
    return clock_text(seconds);
}

}  // namespace peerpress::client
