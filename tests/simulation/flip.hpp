#pragma once

#include "io/bytes.hpp"

#include <random>

namespace peerpress::simulation {

inline void flip_a_bit(bytes_span of, std::mt19937_64& random) {
    if (of.empty()) return;
    of[random() % of.size()] ^= std::byte{1} << random() % 8;
}

}  // namespace peerpress::simulation
