// What lies behind a path: file system, block device, and the PCI functions whose DMA moves its
// bytes; or why its bytes cannot go from peer to peer.
#pragma once

#include "io/asio.hpp"
#include "io/topology/machine.hpp"
#include "io/topology/obstacle.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace peerpress::io::topology {

enum class path_kind {
    in_file_system,  // a regular file or a directory
    block_device,
    other,  // a pipe, a socket, a terminal
};

// What the kernel says of a path. A value of its own, so that recorded machines can be asked as
// well.
struct path_identity {
    std::string path;
    path_kind kind = path_kind::other;
    dev_t device = 0;  // the device that holds the file, or that the path is
    std::optional<std::uint64_t> mount_id;
};

// Both follow symbolic links.
result<path_identity> identify(const std::string& path);
// Of a file that does not exist yet, its directory is told.
result<path_identity> identify_target(const std::string& path);

struct backing {
    std::string path;
    bool raw_device = false;  // the path is a block device itself
    std::string file_system;  // "ext4"; "" for a raw device
    std::string mount_point;
    std::string block_device;  // "nvme0n1p1"
    std::string disk;          // "nvme0n1"
    // Several behind a multipath head: any of them may be used, so all must reach the provider.
    // Empty where there is an obstacle.
    std::vector<pci_address> controllers;
    std::optional<finding> obstacle;
};

backing find_backing(const host_files& files, const machine& in, const path_identity& identity);

}  // namespace peerpress::io::topology
