// The name and time that a gzip header carries, for -N.
#pragma once

#include "io/bytes.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace peerpress::client::gzip {

struct original_name {
    std::string name;          // without directories; empty: none is carried
    std::uint32_t time_s = 0;  // since 1970; 0: none is carried
};

// From a file's first bytes. nullopt where they are no gzip header, or too few.
std::optional<original_name> parse_original_name(bytes_view head);

// The same from a file; nothing carried where it cannot be read.
original_name read_original_name(const std::string& file);

}  // namespace peerpress::client::gzip
