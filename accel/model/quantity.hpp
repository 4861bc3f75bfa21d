// Quantities as people write them: sizes (256M), rates (1GB/s), times (50us).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace peerpress::accel::model {

// Digits and nothing else, or digits after 0x.
std::optional<std::uint64_t> parse_number(std::string_view text);
// Suffixes K, M, G are powers of 1024.
std::optional<std::uint64_t> parse_size(std::string_view text);
// Bytes a second; kB, MB, GB are powers of 1000, "/s" may be left out.
std::optional<std::uint64_t> parse_rate(std::string_view text);
// ns, us, ms, s.
std::optional<std::chrono::nanoseconds> parse_time(std::string_view text);

}  // namespace peerpress::accel::model
