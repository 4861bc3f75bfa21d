// Devices that offer memory to their peers (Linux p2pmem): NVMe controllers with a CMB, mostly.
#pragma once

#include "io/topology/host_files.hpp"
#include "io/topology/pci_tree.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace peerpress::io::topology {

struct p2pmem_provider {
    pci_address address;
    std::optional<std::uint64_t> size_bytes;
    std::optional<std::uint64_t> available_bytes;  // shared with the kernel and with other programs
    // Whether the device said that peers may both read and write it. The kernel itself uses no
    // other.
    std::optional<bool> published;
    bool mappable = false;   // `allocate` is there: programs can have some of it
    bool permitted = false;  // and this process may open it
};

std::vector<p2pmem_provider> read_p2pmem_providers(const host_files& files, const pci_tree& tree);

// Where a program maps the provider's memory.
std::string allocate_path(pci_address provider);

}  // namespace peerpress::io::topology
