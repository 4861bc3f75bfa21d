// The address of one PCI function, as sysfs writes it: domain:bus:device.function, "0000:01:00.0".
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace peerpress::io::topology {

struct pci_address {
    std::uint32_t domain = 0;  // beyond 16 bits where Intel VMD makes domains of its own
    std::uint8_t bus = 0;
    std::uint8_t device = 0;
    std::uint8_t function = 0;

    auto operator<=>(const pci_address&) const = default;
};

// Takes the short form without a domain ("01:00.0") as well, as people type it.
std::optional<pci_address> parse_pci_address(std::string_view text);

std::string to_string(pci_address address);

}  // namespace peerpress::io::topology
