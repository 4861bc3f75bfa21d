// Which provider's memory a transfer goes through: the nearest to source and target together, as
// Linux chooses; between equally near ones in turn; or only among those that the user named.
#pragma once

#include "io/topology/verdict.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace peerpress::io::topology {

struct wish {
    std::vector<std::string> providers;  // PCI addresses or NVMe serial numbers; empty: any
    std::uint64_t needed_bytes = 1;
};

struct choice {
    verdict best;  // of a provider, or of the lack of one
    std::vector<verdict>
        considered;  // one for each provider, in the order of their addresses or of the wish
};

// `turn` spreads transfers over equally near providers: a number that the caller counts up.
choice choose(const machine& in, const backing& source, const backing& target, const wish& wanted,
              std::uint64_t turn);

}  // namespace peerpress::io::topology
