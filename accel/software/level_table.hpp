// Which codec serves which level.
#pragma once

#include "accel/accelerator.hpp"

#include <string>

namespace peerpress::accel::software {

enum class library { isal, libdeflate, zlib };

struct codec_choice {
    software::library library = library::isal;
    int native_level = 1;
    bool operator==(const codec_choice&) const = default;
};

inline constexpr int level_min = 1;
inline constexpr int level_max = 12;

// Precondition: level_min <= level <= level_max.
codec_choice choose_codec(int level, codec codec);

// The same for one chunk. Where a level lies between two of its library's, some chunks get the
// denser one: which, their checksum decides, so that the same data always become the same output.
codec_choice choose_codec(int level, codec codec, std::uint32_t chunk_checksum);

}  // namespace peerpress::accel::software
