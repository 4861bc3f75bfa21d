// How a device's DMA would reach a provider's memory, computed as Linux computes it
// (drivers/pci/p2pdma.c).
#pragma once

#include "io/topology/machine.hpp"

#include <vector>

namespace peerpress::io::topology {

enum class routing {
    direct,        // below a common bridge: the data never sees the root complex
    through_root,  // through a root complex that Linux trusts
    either,        // one of the two; which one depends on ACS bits that this process cannot read
    none,          // Linux refuses
    unknown,       // it depends on what this process cannot read
};

struct route {
    topology::routing routing = topology::routing::unknown;
    // Bridges passed, plus the devices' own steps: 0 for one and the same device, 4 between two
    // ports of one switch. Linux prefers the provider with the smallest sum over all clients.
    unsigned distance = 0;
    std::vector<pci_address> acs_redirects;   // on the way, with a redirection set
    std::vector<pci_address> acs_unreadable;  // on the way, and not readable by this process

    bool works() const {
        return routing == topology::routing::direct || routing == topology::routing::through_root ||
               routing == topology::routing::either;
    }
};

route find_route(const machine& in, pci_address provider, pci_address client);

}  // namespace peerpress::io::topology
