// What stands against peer to peer, in words. Each function gives nothing where all is well.
#pragma once

#include "io/topology/machine.hpp"
#include "io/topology/obstacle.hpp"
#include "io/topology/route.hpp"

#include <cstdint>
#include <optional>

namespace peerpress::io::topology {

std::optional<finding> explain_kernel(const machine& in);

// Why there is no provider of p2pmem at all.
finding explain_no_provider(const machine& in);

// Whether the device offers memory that peers can use.
std::optional<finding> explain_provider(const machine& in, pci_address provider);

// Whether this process can have `needed_bytes` of it now.
std::optional<finding> explain_share(const machine& in, pci_address provider,
                                     std::uint64_t needed_bytes);

std::optional<finding> explain_route(const machine& in, pci_address provider, pci_address client,
                                     const route& way);

std::string format_bytes(std::uint64_t bytes);  // memory, in powers of 1024: "64 MiB"

}  // namespace peerpress::io::topology
