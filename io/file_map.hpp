// What the kernel tells of an open file's place on its disk: FIEMAP, FS_IOC_GETFLAGS, statx.
#pragma once

#include "io/extents.hpp"

namespace peerpress::io {

class kernel_file_map final : public file_map {
public:
    explicit kernel_file_map(int fd) : fd_(fd) {}  // borrowed

    result<std::vector<extent_record>> extents(std::uint64_t offset_bytes) override;
    result<std::uint32_t> inode_flags() override;
    result<std::uint64_t> statx_attributes() override;

private:
    int fd_;
};

}  // namespace peerpress::io
