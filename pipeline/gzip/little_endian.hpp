// Integers as gzip lays them out.
#pragma once

#include "io/bytes.hpp"

#include <cassert>
#include <cstdint>
#include <type_traits>

namespace peerpress::pipeline::gzip {

template <class Unsigned>
Unsigned load_le(bytes_view at) {
    static_assert(std::is_unsigned_v<Unsigned>);
    assert(at.size() >= sizeof(Unsigned));
    Unsigned value = 0;
    for (std::size_t index = 0; index < sizeof(Unsigned); ++index) {
        value |= static_cast<Unsigned>(std::to_integer<Unsigned>(at[index]) << 8 * index);
    }
    return value;
}

template <class Unsigned>
void store_le(bytes_span at, Unsigned value) {
    static_assert(std::is_unsigned_v<Unsigned>);
    assert(at.size() >= sizeof(Unsigned));
    for (std::size_t index = 0; index < sizeof(Unsigned); ++index) {
        at[index] = static_cast<std::byte>(value >> 8 * index);
    }
}

}  // namespace peerpress::pipeline::gzip
