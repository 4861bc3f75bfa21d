#include "accel/software/compressibility.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace peerpress::accel::software {
namespace {

constexpr std::size_t sample_bytes = 512;
constexpr std::size_t samples_max = 16;  // 8 KiB in all: 3 us of a chunk's 6 ms

using histogram = std::array<std::uint32_t, 256>;

histogram count_samples(bytes_view data) {
    histogram counts{};
    const std::size_t samples = std::clamp<std::size_t>(data.size() / sample_bytes, 1, samples_max);
    const std::size_t stride = data.size() / samples;
    for (std::size_t index = 0; index < samples; ++index) {
        const bytes_view rest = data.subspan(index * stride);
        for (const std::byte b : rest.first(std::min(rest.size(), sample_bytes))) {
            ++counts[std::to_integer<std::uint8_t>(b)];
        }
    }
    return counts;
}

}  // namespace

bool looks_incompressible(bytes_view data) {
    // How often two bytes picked at random are equal: sum of n_i (n_i - 1), against n (n - 1) / 256
    // for noise.
    std::uint64_t total = 0;
    std::uint64_t equal_pairs = 0;
    for (const std::uint64_t count : count_samples(data)) {
        total += count;
        equal_pairs += count * (count - (count > 0));
    }
    if (total < sample_bytes) return false;
    const std::uint64_t equal_pairs_of_noise = total * (total - 1) / 256;
    return equal_pairs * 2 < equal_pairs_of_noise * 3;
}

}  // namespace peerpress::accel::software
