// From a block device's number to its disk, and from the disk to the PCI functions behind it.
#pragma once

#include "io/topology/machine.hpp"
#include "io/topology/obstacle.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace peerpress::io::topology {

struct block_device {
    std::string name;  // "nvme0n1p1"
    std::string disk;  // "nvme0n1", the same as `name` where it is no partition
};

// Nothing where sysfs does not list the number.
std::optional<block_device> find_block_device(const host_files& files, dev_t number);

struct disk_reach {
    std::vector<pci_address> controllers;
    std::optional<finding> obstacle;
};

disk_reach reach_disk(const host_files& files, const machine& in, const std::string& disk);

}  // namespace peerpress::io::topology
