// How much of a file its disk really holds, and whether the kernel reads it without laying hands on
// the bytes at all.
//
// A direct read of a hole or of an unwritten extent is answered by the processor, which writes
// zeros into the buffer. Some files are never read directly, whatever their descriptor says: their
// bytes lie in the inode, or are encrypted, compressed or verified on the way.
#pragma once

#include "io/asio.hpp"
#include "io/topology/obstacle.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace peerpress::io {

struct byte_range {
    std::uint64_t offset_bytes = 0;
    std::uint64_t length_bytes = 0;
};

struct file_content {
    std::uint64_t device_bytes = 0;  // read from the disk
    std::uint64_t zero_bytes = 0;    // holes and unwritten extents: filled by the processor
    std::optional<topology::finding> obstacle;  // why none of it is read directly
    // Where those zeros lie, in order and apart; the first zero_ranges_max of them.
    std::vector<byte_range> zeros = {};
};
inline constexpr std::size_t zero_ranges_max = 1 << 16;  // 1 MiB of them

// Of a part of a regular file, by FIEMAP and the inode's flags. It looks at the file as it is now,
// after the kernel has written what was still in memory of it. Blocks.
file_content content_of(int fd, byte_range part);

// Only whether the file's attributes stand in the way: of a new target, which has no content.
std::optional<topology::finding> attributes_obstacle(int fd);

// --- what it consists of ---

struct extent_record {  // struct fiemap_extent
    std::uint64_t offset_bytes = 0;
    std::uint64_t length_bytes = 0;
    std::uint32_t flags = 0;
};

// What a file says of itself: the kernel's answers, or recorded ones.
class file_map {
public:
    virtual ~file_map() = default;
    // The next extents at or behind `offset_bytes`, in order; empty where there are no more.
    virtual result<std::vector<extent_record>> extents(std::uint64_t offset_bytes) = 0;
    virtual result<std::uint32_t> inode_flags() = 0;       // FS_IOC_GETFLAGS
    virtual result<std::uint64_t> statx_attributes() = 0;  // stx_attributes
};

file_content content_of(file_map& map, byte_range part);
std::optional<topology::finding> attributes_obstacle(file_map& map);

}  // namespace peerpress::io
