#include "accel/model/quantity.hpp"

#include <charconv>
#include <limits>
#include <span>

namespace peerpress::accel::model {
namespace {

struct unit {
    std::string_view suffix;
    std::uint64_t factor;
};

std::optional<std::uint64_t> parse_digits(std::string_view digits, int base) {
    std::uint64_t value = 0;
    const char* end = digits.data() + digits.size();
    const auto [stopped, failed] = std::from_chars(digits.data(), end, value, base);
    if (failed != std::errc{} || stopped != end) return std::nullopt;
    return value;
}

std::optional<std::uint64_t> parse_with(std::string_view text, std::span<const unit> units) {
    const std::size_t digits = text.find_first_not_of("0123456789");
    const std::string_view suffix =
        digits == std::string_view::npos ? std::string_view{} : text.substr(digits);
    for (const unit& one : units) {
        if (one.suffix != suffix) continue;
        const auto value = parse_digits(text.substr(0, digits), 10);
        if (!value || *value > std::numeric_limits<std::int64_t>::max() / one.factor) break;
        return *value * one.factor;
    }
    return std::nullopt;
}

constexpr unit sizes[] = {{"", 1},          {"K", 1 << 10},   {"M", 1 << 20},  {"G", 1 << 30},
                          {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};
constexpr unit rates[] = {
    {"", 1}, {"B", 1}, {"kB", 1'000}, {"MB", 1'000'000}, {"GB", 1'000'000'000}};
constexpr unit times[] = {{"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}};

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text) {
    return text.starts_with("0x") ? parse_digits(text.substr(2), 16) : parse_digits(text, 10);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    return parse_with(text, sizes);
}

std::optional<std::uint64_t> parse_rate(std::string_view text) {
    if (text.ends_with("/s")) text.remove_suffix(2);
    return parse_with(text, rates);
}

std::optional<std::chrono::nanoseconds> parse_time(std::string_view text) {
    const auto value = parse_with(text, times);
    if (!value) return std::nullopt;
    return std::chrono::nanoseconds(*value);
}

}  // namespace peerpress::accel::model
