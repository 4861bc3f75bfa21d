// Seeded bytes: the same seed gives the same bytes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <random>
#include <string_view>
#include <vector>

namespace peerpress::test {

// No codec makes these smaller.
inline std::vector<std::byte> incompressible_bytes(std::size_t size, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<std::byte> bytes(size);
    for (std::size_t at = 0; at < size; at += sizeof(std::uint64_t)) {
        const std::uint64_t word = random();
        std::memcpy(bytes.data() + at, &word, std::min(sizeof word, size - at));
    }
    return bytes;
}

// Words, numbers and lines: about 4 to 1 at gzip's level 6.
inline std::vector<std::byte> compressible_bytes(std::size_t size, std::uint64_t seed) {
    static constexpr std::string_view words[] = {
        "slot",   "member", "the ",  "read ",  "write ",  "chunk",   "offset ", "of ",
        "a ",     "\n",     ", ",    "lane ",  "engine ", "between", "target",  "source ",
        "queue ", "depth ", "and ",  "ring",   " is ",    "full ",   "error: ", "while ",
        "0x",     "1024",   "bytes", " free ", "; ",      "last ",   "first ",  "next "};
    std::mt19937_64 random(seed);
    std::vector<std::byte> bytes(size);
    for (std::size_t at = 0; at < size;) {
        const std::string_view word = words[random() % std::size(words)];
        const std::size_t length = std::min(word.size(), size - at);
        std::memcpy(bytes.data() + at, word.data(), length);
        at += length;
    }
    return bytes;
}

}  // namespace peerpress::test
