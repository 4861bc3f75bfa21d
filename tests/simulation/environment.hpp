#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>

namespace peerpress::simulation {

inline std::optional<std::uint64_t> number_from_environment(const char* name) {
    const char* const text = std::getenv(name);
    if (text == nullptr || *text == '\0') return std::nullopt;
    return std::stoull(text);
}

}  // namespace peerpress::simulation
