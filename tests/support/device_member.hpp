// A gzip member as devices write it: with its length in the header, padded to an alignment.
#pragma once

#include "io/bytes.hpp"

#include <cstdint>
#include <cstring>
#include <optional>

namespace peerpress::test {

// As the format has it: header, padding, data, trailer; padded with empty stored blocks, and with
// empty fixed ones before them where the size asks for it. `stream` is raw deflate data. Returns
// the member's length; nothing where `room` does not hold it.
inline std::optional<std::size_t> write_device_member(bytes_span room, bytes_view stream,
                                                      std::uint32_t crc32, std::uint32_t data_bytes,
                                                      std::size_t alignment_bytes) {
    static constexpr unsigned char header[] = {0x1f, 0x8b, 8, 4, 0,   0,   0, 0,
                                               2,    0,    8, 0, 'M', 'Z', 4, 0};
    static constexpr unsigned char long_pad[] = {2, 0, 0, 0, 0xff, 0xff};
    constexpr std::size_t framing_bytes = sizeof header + 4 /*length*/ + 8 /*trailer*/;
    std::size_t padding = alignment_bytes - (framing_bytes + stream.size()) % alignment_bytes;
    while (padding % 5 * 6 > padding) padding += alignment_bytes;
    const std::size_t total = framing_bytes + padding + stream.size();
    if (total > room.size()) return std::nullopt;

    std::memcpy(room.data(), header, sizeof header);
    const auto deflate_bytes = static_cast<std::uint32_t>(padding + stream.size());
    std::memcpy(room.data() + 16, &deflate_bytes, 4);
    std::byte* to = room.data() + 20;
    for (std::size_t left = padding % 5; left > 0; --left, to += 6) std::memcpy(to, long_pad, 6);
    for (; to < room.data() + 20 + padding; to += 5) std::memcpy(to, long_pad + 1, 5);
    std::memcpy(to, stream.data(), stream.size());
    to += stream.size();
    std::memcpy(to, &crc32, 4);
    std::memcpy(to + 4, &data_bytes, 4);
    return total;
}

}  // namespace peerpress::test
