#include "io/topology/host_bridges.hpp"

#include <array>
#include <cstdio>

namespace peerpress::io::topology {

namespace {

constexpr std::uint16_t intel = 0x8086;
constexpr std::uint16_t google = 0x1ae0;
constexpr std::uint16_t nvidia = 0x10de;
constexpr int any_device = -1;

struct listed_host_bridge {
    std::uint16_t vendor;
    int device;
    bool same_host_bridge_only;
    kernel_version since;  // the oldest release in which the entry was seen
};

// Everything older than p2pmem for programs counts as old as that.
constexpr kernel_version always = user_space_p2pmem_since;

constexpr std::array listed_host_bridges{
    // Xeon E5; Xeon E5 v3 and E7 v3: between two sockets they route, but slowly, so Linux keeps to
    // one.
    listed_host_bridge{intel, 0x3c00, true, always},
    listed_host_bridge{intel, 0x3c01, true, always},
    listed_host_bridge{intel, 0x2f00, true, always},
    listed_host_bridge{intel, 0x2f01, true, always},
    // Skylake-E: root ports A to D, and the host bridge
    listed_host_bridge{intel, 0x2030, false, always},
    listed_host_bridge{intel, 0x2031, false, always},
    listed_host_bridge{intel, 0x2032, false, always},
    listed_host_bridge{intel, 0x2033, false, always},
    listed_host_bridge{intel, 0x2020, false, always},
    // 3rd generation Xeon Scalable
    listed_host_bridge{intel, 0x09a2, false, always},
    // Root buses that hold nothing but an accelerator: DSA and IAA, then QAT
    listed_host_bridge{intel, 0x0b25, false, {7, 2}},
    listed_host_bridge{intel, 0x0cfe, false, {7, 2}},
    listed_host_bridge{intel, 0x11fb, false, {7, 2}},
    listed_host_bridge{intel, 0x1212, false, {7, 2}},
    listed_host_bridge{intel, 0x1216, false, {7, 2}},
    listed_host_bridge{intel, 0x4940, false, {7, 2}},
    listed_host_bridge{intel, 0x4942, false, {7, 2}},
    listed_host_bridge{intel, 0x4944, false, {7, 2}},
    listed_host_bridge{intel, 0x4946, false, {7, 2}},
    listed_host_bridge{intel, 0x4948, false, {7, 2}},
    listed_host_bridge{google, any_device, false, {7, 1}},
    listed_host_bridge{nvidia, 0x2f95, false, {7, 3}},
    listed_host_bridge{nvidia, 0x2f96, false, {7, 3}},
    listed_host_bridge{nvidia, 0x2f97, false, {7, 3}},
    listed_host_bridge{nvidia, 0x2f98, false, {7, 3}},
};

trust listed(const pci_device& device, bool same_host_bridge, const kernel_version& running) {
    if (!device.vendor || !device.device) return trust::unknown;
    for (const listed_host_bridge& entry : listed_host_bridges) {
        if (entry.vendor != *device.vendor || running < entry.since) continue;
        if (entry.device != any_device && entry.device != *device.device) continue;
        return same_host_bridge || !entry.same_host_bridge_only ? trust::yes : trust::no;
    }
    return trust::no;
}

// Linux takes the first function on the root bus for the host bridge, if that is device 00.0 or a
// root port.
trust host_bridge_listed(const machine& in, const std::string& host_bridge, bool same) {
    const pci_device* first = in.pci.first_on_root_bus(host_bridge);
    if (!first || !in.kernel.version) return trust::unknown;
    const bool is_00_0 = first->address.device == 0 && first->address.function == 0;
    if (!is_00_0 && first->capabilities.port == port_kind::unreadable) return trust::unknown;
    if (!is_00_0 && first->capabilities.port != port_kind::root_port) return trust::no;
    return listed(*first, same, *in.kernel.version);
}

}  // namespace

trust crossing(const machine& in, const std::string& from, const std::string& to) {
    if (in.kernel.zen == true) return trust::yes;

    const bool same = from == to;
    const trust one = host_bridge_listed(in, from, same);
    const trust other = same ? one : host_bridge_listed(in, to, same);
    if (one == trust::yes && other == trust::yes) return trust::yes;
    // Without /proc/cpuinfo the processor may be one that Linux trusts whatever the list says.
    if (!in.kernel.zen || one == trust::unknown || other == trust::unknown) return trust::unknown;
    return trust::no;
}

std::string host_bridge_identity(const machine& in, const std::string& host_bridge) {
    const pci_device* first = in.pci.first_on_root_bus(host_bridge);
    if (!first || !first->vendor || !first->device) return "";
    std::array<char, 12> text{};
    std::snprintf(text.data(), text.size(), "%04x:%04x", *first->vendor, *first->device);
    return text.data();
}

}  // namespace peerpress::io::topology
