#include "io/file_map.hpp"

#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <limits>

namespace peerpress::io {

namespace {

// 14 KiB: a file in few pieces takes one call, one in a million pieces takes no more memory.
constexpr std::uint32_t extents_per_call = 256;

error_code last_error() {
    return {errno, boost::system::system_category()};
}

}  // namespace

result<std::vector<extent_record>> kernel_file_map::extents(std::uint64_t offset_bytes) {
    alignas(fiemap)
        std::byte memory[sizeof(fiemap) + extents_per_call * sizeof(fiemap_extent)] = {};
    auto& map = *new (memory) fiemap{};
    map.fm_start = offset_bytes;
    map.fm_length = std::numeric_limits<std::uint64_t>::max() - offset_bytes;
    map.fm_flags = FIEMAP_FLAG_SYNC;  // what has no place on the disk yet gets one
    map.fm_extent_count = extents_per_call;
    if (::ioctl(fd_, FS_IOC_FIEMAP, &map) != 0) return last_error();

    std::vector<extent_record> found;
    found.reserve(map.fm_mapped_extents);
    for (std::uint32_t i = 0; i < map.fm_mapped_extents; ++i) {
        const fiemap_extent& each = map.fm_extents[i];
        found.push_back({each.fe_logical, each.fe_length, each.fe_flags});
    }
    return found;
}

result<std::uint32_t> kernel_file_map::inode_flags() {
    // The call is declared with long and writes an int.
    int flags = 0;
    if (::ioctl(fd_, FS_IOC_GETFLAGS, &flags) != 0) return last_error();
    return static_cast<std::uint32_t>(flags);
}

result<std::uint64_t> kernel_file_map::statx_attributes() {
    struct statx status{};
    if (::statx(fd_, "", AT_EMPTY_PATH, 0, &status) != 0) return last_error();
    return status.stx_attributes;
}

file_content content_of(int fd, byte_range part) {
    struct stat status{};
    if (::fstat(fd, &status) != 0) throw system_error{last_error(), "fstat"};
    const auto size_bytes = static_cast<std::uint64_t>(status.st_size);
    part.offset_bytes = std::min(part.offset_bytes, size_bytes);
    part.length_bytes = std::min(part.length_bytes, size_bytes - part.offset_bytes);
    kernel_file_map map(fd);
    return content_of(map, part);
}

std::optional<topology::finding> attributes_obstacle(int fd) {
    kernel_file_map map(fd);
    return attributes_obstacle(map);
}

}  // namespace peerpress::io
