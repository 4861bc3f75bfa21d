// One picture of everything that decides whether bytes can go from peer to peer on this machine. A
// value: it does not follow later changes (a pool's `available` above all); read it again before
// relying on it.
#pragma once

#include "io/topology/kernel.hpp"
#include "io/topology/nvme.hpp"
#include "io/topology/p2pmem.hpp"
#include "io/topology/pci_tree.hpp"

#include <vector>

namespace peerpress::io::topology {

struct machine {
    kernel_facts kernel;
    pci_tree pci;
    std::vector<nvme_controller> controllers;
    std::vector<p2pmem_provider> providers;

    const p2pmem_provider* provider_at(pci_address address) const;
    const nvme_controller* controller_at(pci_address address) const;

    // "nvme0 (0000:01:00.0)", or the address alone.
    std::string label(pci_address address) const;
};

machine read_machine(const host_files& files);

}  // namespace peerpress::io::topology
