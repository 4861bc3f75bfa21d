// Which file systems hand the buffers of direct I/O to the disk as they are.
#pragma once

#include "io/topology/host_files.hpp"
#include "io/topology/mounts.hpp"
#include "io/topology/obstacle.hpp"

#include <optional>

namespace peerpress::io::topology {

// Nothing where direct I/O on the file system reaches the disk. `block_device` ("nvme0n1p1") holds
// it.
std::optional<finding> file_system_obstacle(const host_files& files, const mount& on,
                                            const std::string& block_device);

}  // namespace peerpress::io::topology
