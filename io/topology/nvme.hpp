// NVMe controllers and the disks behind them. Names change from boot to boot: serial numbers and
// PCI addresses are what a user can rely on.
#pragma once

#include "io/topology/host_files.hpp"
#include "io/topology/pci_address.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace peerpress::io::topology {

// A namespace as one controller reaches it.
struct nvme_namespace {
    std::string disk;     // the block device that programs open: "nvme0n1"
    std::string generic;  // the passthrough device, "ng0n1"; "" where there is none
    std::optional<std::uint64_t> size_bytes;
    std::optional<std::uint32_t> block_bytes;
    bool through_head = false;  // `disk` is a multipath head, and the controller one of its paths
};

// What a controller says of its memory buffer, whether or not Linux made it a provider of p2pmem.
struct controller_memory {
    std::uint64_t size_bytes = 0;
    bool read_data = false;   // RDS: may hold what a device reads from it
    bool write_data = false;  // WDS: may hold what a device writes to it
};

controller_memory parse_cmbsz(std::uint32_t cmbsz);

struct nvme_controller {
    std::string name;  // "nvme0"
    std::string serial;
    std::string model;
    std::string firmware;
    std::string transport;               // "pcie", "tcp", ...
    std::string state;                   // "live", "resetting", ...
    std::optional<pci_address> address;  // of those on PCI Express
    std::optional<controller_memory> memory;
    std::vector<nvme_namespace> namespaces;
};

std::vector<nvme_controller> read_nvme_controllers(const host_files& files);

}  // namespace peerpress::io::topology
