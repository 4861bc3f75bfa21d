// Whether bytes go from peer to peer between a source and a target through one provider's memory.
//
// A prediction from what the kernel shows. `p2p` is said only where everything that decides it was
// read; `unknown` where something was not readable and the rest allows it.
#pragma once

#include "io/topology/backing.hpp"
#include "io/topology/route.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace peerpress::io::topology {

enum class data_path { p2p, host, unknown };

std::string_view to_string(data_path path);

// One controller's way to the provider.
struct leg {
    pci_address client;
    topology::route route;
};

struct verdict {
    data_path path = data_path::unknown;
    std::optional<pci_address> provider;
    unsigned distance = 0;  // summed over the legs, as Linux compares providers
    std::vector<leg> legs;
    std::vector<finding> findings;  // all that stands against it

    // The finding that decided: the first certain one, else the first; null for p2p.
    const finding* reason() const;
};

// `needed_bytes` is what the caller wants of the provider's memory.
verdict judge(const machine& in, const backing& source, pci_address provider, const backing& target,
              std::uint64_t needed_bytes = 1);

// What two devices can do with each other, without a word on file systems, permissions or free
// memory.
verdict judge_pair(const machine& in, pci_address provider, pci_address client);

// A verdict for when there is no provider to ask about.
verdict judge_without_provider(const machine& in, const backing& source, const backing& target,
                               std::optional<finding> why = {});

}  // namespace peerpress::io::topology
