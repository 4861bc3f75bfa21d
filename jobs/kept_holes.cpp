#include "jobs/kept_holes.hpp"

#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>

namespace peerpress::jobs {

std::vector<io::byte_range> kept_holes(const std::vector<io::byte_range>& zeros,
                                       std::uint64_t size_bytes, std::uint64_t block_bytes) {
    std::vector<io::byte_range> kept;
    for (const io::byte_range& range : zeros) {
        const std::uint64_t begin =
            (range.offset_bytes + block_bytes - 1) / block_bytes * block_bytes;
        std::uint64_t end = std::min(range.offset_bytes + range.length_bytes, size_bytes);
        if (end < size_bytes) end = end / block_bytes * block_bytes;
        if (end >= begin + kept_hole_bytes_min)
            kept.push_back({.offset_bytes = begin, .length_bytes = end - begin});
    }
    return kept;
}

bool tells_its_holes(int fd) {
    struct statfs system{};
    return ::fstatfs(fd, &system) == 0 &&
           (system.f_type == EXT4_SUPER_MAGIC || system.f_type == XFS_SUPER_MAGIC);
}

std::uint64_t sum_of(const std::vector<io::byte_range>& ranges) {
    std::uint64_t sum = 0;
    for (const io::byte_range& range : ranges) sum += range.length_bytes;
    return sum;
}

}  // namespace peerpress::jobs
