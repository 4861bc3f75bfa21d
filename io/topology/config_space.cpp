#include "io/topology/config_space.hpp"

#include <cstddef>
#include <cstdint>

namespace peerpress::io::topology {

namespace {

constexpr std::size_t conventional_bytes = 256;
constexpr std::size_t extended_bytes = 4096;

// From the PCI and PCI Express specifications.
constexpr std::size_t status_offset = 0x06;
constexpr unsigned status_has_capabilities = 1u << 4;
constexpr std::size_t first_capability_pointer = 0x34;
constexpr unsigned capability_pci_express = 0x10;
constexpr unsigned extended_capability_acs = 0x000d;
constexpr std::size_t acs_control_offset = 6;
constexpr unsigned acs_request_redirect = 1u << 2;
constexpr unsigned acs_completion_redirect = 1u << 3;
constexpr unsigned acs_egress_control = 1u << 5;
// The three that Linux takes as a redirection.
constexpr unsigned acs_redirects =
    acs_request_redirect | acs_completion_redirect | acs_egress_control;

unsigned byte_at(std::string_view config, std::size_t offset) {
    return static_cast<unsigned char>(config[offset]);
}
unsigned word_at(std::string_view config, std::size_t offset) {
    return byte_at(config, offset) | byte_at(config, offset + 1) << 8;
}

port_kind kind_of(unsigned port_type) {
    switch (port_type) {
        case 0:  // PCI Express endpoint
        case 1:  // legacy endpoint
        case 9:  // integrated into the root complex
            return port_kind::endpoint;
        case 4:
            return port_kind::root_port;
        case 5:
            return port_kind::upstream_port;
        case 6:
            return port_kind::downstream_port;
        default:
            return port_kind::other;
    }
}

port_kind find_port_kind(std::string_view config) {
    if (!(word_at(config, status_offset) & status_has_capabilities)) return port_kind::conventional;
    std::size_t offset = byte_at(config, first_capability_pointer) & ~3u;
    // A capability is at least 4 bytes long: more steps than these mean a loop.
    for (int steps = 48; steps > 0 && offset >= 0x40 && offset + 4 <= conventional_bytes; --steps) {
        if (byte_at(config, offset) == capability_pci_express)
            return kind_of(byte_at(config, offset + 2) >> 4);
        offset = byte_at(config, offset + 1) & ~3u;
    }
    return port_kind::conventional;
}

acs_redirect find_redirect(std::string_view config) {
    std::size_t offset = conventional_bytes;
    // An extended capability is at least 8 bytes long.
    for (int steps = 480; steps > 0 && offset >= conventional_bytes && offset + 8 <= extended_bytes;
         --steps) {
        const unsigned identifier = word_at(config, offset);
        if (identifier == 0xffff) return acs_redirect::unreadable;  // the device is gone or asleep
        if (identifier == extended_capability_acs) {
            const bool set = word_at(config, offset + acs_control_offset) & acs_redirects;
            return set ? acs_redirect::on : acs_redirect::off;
        }
        offset = word_at(config, offset + 2) >> 4 & ~3u;
    }
    return acs_redirect::off;
}

}  // namespace

pci_capabilities parse_config_space(std::string_view config) {
    if (config.size() < conventional_bytes || word_at(config, 0) == 0xffff) return {};

    pci_capabilities found{.port = find_port_kind(config)};
    if (config.size() >= extended_bytes)
        found.redirect = find_redirect(config);
    else if (config.size() == conventional_bytes)
        // No extended space, or none that the kernel can reach: it sees no ACS either.
        found.redirect = acs_redirect::off;
    return found;
}

}  // namespace peerpress::io::topology
