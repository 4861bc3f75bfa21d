// Which holes of a source stay holes in its copy: large ones, where the target is a new file.
#pragma once

#include "io/extents.hpp"

#include <cstdint>
#include <vector>

namespace peerpress::jobs {

// Smaller ones are copied as the zeros they read as: data between many of them would be read and
// written in pieces as small as they are.
inline constexpr std::uint64_t kept_hole_bytes_min = 128 << 10;

// Of `zeros`, in order; from whole block to whole block, or to the end.
std::vector<io::byte_range> kept_holes(const std::vector<io::byte_range>& zeros,
                                       std::uint64_t size_bytes, std::uint64_t block_bytes);

// Is what its file system says of a file's holes to be relied on, where the copy is made by it
// alone? ext4 and XFS write what they still hold of the file first; others have been wrong.
bool tells_its_holes(int fd);

std::uint64_t sum_of(const std::vector<io::byte_range>& ranges);

}  // namespace peerpress::jobs
