#include "client/report/level_shares.hpp"

#include <fmt/format.h>

namespace peerpress::client {

std::string level_shares(const std::vector<pipeline::level_bytes>& levels) {
    if (levels.size() == 1) return fmt::format("level {}", levels.front().level);
    std::uint64_t whole = 0;
    for (const pipeline::level_bytes& part : levels) whole += part.bytes;
    std::string text;
    for (const pipeline::level_bytes& part : levels)
        text += fmt::format("{} {} ({:.0f} %)", text.empty() ? "levels" : ",", part.level,
                            100.0 * static_cast<double>(part.bytes) / static_cast<double>(whole));
    return text;
}

}  // namespace peerpress::client
