// CRC-32 and Adler-32, by libdeflate: vectorised, an order of magnitude faster than any codec here.
#pragma once

#include "accel/accelerator.hpp"

#include <cstdint>

namespace peerpress::accel::software {

// Continued from `seed`, the kind's initial value for the first span.
std::uint32_t checksum_of(checksum_kind kind, std::uint32_t seed, bytes_view data);
std::uint32_t checksum_of(checksum_kind kind, bytes_view data);

}  // namespace peerpress::accel::software
