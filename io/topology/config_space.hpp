// What a PCI function's configuration space says about routing: what kind of port it is, and
// whether its Access Control Services send peer traffic up to the root complex. Pure functions over
// the bytes.
//
// The kernel lets an ordinary user read the first 64 bytes only; what lies beyond is then
// `unreadable`.
#pragma once

#include <string_view>

namespace peerpress::io::topology {

enum class port_kind {
    unreadable,
    conventional,
    endpoint,
    root_port,
    upstream_port,
    downstream_port,
    other
};

enum class acs_redirect { unreadable, off, on };

struct pci_capabilities {
    port_kind port = port_kind::unreadable;
    acs_redirect redirect = acs_redirect::unreadable;
};

pci_capabilities parse_config_space(std::string_view config);

}  // namespace peerpress::io::topology
