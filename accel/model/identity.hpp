// What the device says of itself: Identify's pages.
#pragma once

#include "accel/noload/wire.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace peerpress::accel::model {

enum class core_type { compress, decompress };
const char* name_of(core_type type);

struct core_identity {
    core_type type = core_type::compress;
    std::uint32_t status = noload::core_ready;
};

struct identity {
    std::string serial;
    std::vector<core_identity> cores;  // namespace 1 is the first
    std::uint32_t span_bytes_max = 1 << 20;
};

using identify_page = std::array<std::byte, noload::identify_bytes>;

inline constexpr std::uint64_t namespace_blocks = 2048;  // of zeros, for those who look for a disk
inline constexpr std::uint32_t block_bytes = 512;
inline constexpr std::uint8_t output_alignment_log2_max = 16;

identify_page identify_controller(const identity& device);
// `id`: from 1 to the number of cores.
identify_page identify_namespace(const identity& device, std::uint32_t id);
identify_page identify_active_namespaces(const identity& device, std::uint32_t after);
identify_page identify_descriptors(const identity& device, std::uint32_t id);

}  // namespace peerpress::accel::model
