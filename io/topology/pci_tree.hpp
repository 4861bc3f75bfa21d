// The PCI functions of a machine and the bridges above each, as sysfs lists them.
#pragma once

#include "io/topology/config_space.hpp"
#include "io/topology/host_files.hpp"
#include "io/topology/pci_address.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace peerpress::io::topology {

struct pci_device {
    pci_address address;
    std::optional<std::uint16_t> vendor;
    std::optional<std::uint16_t> device;
    std::optional<std::uint32_t> class_code;  // 0x010802: NVMe, 0x0604xx: bridge
    std::optional<int> numa_node;
    std::optional<int> iommu_group;
    std::string driver;  // "" where none is bound
    pci_capabilities capabilities;

    std::string host_bridge;           // "pci0000:00"; "" where sysfs does not tell
    std::vector<pci_address> bridges;  // upstream bridges, the nearest first, the root port last

    bool on_root_bus() const { return !host_bridge.empty() && bridges.empty(); }
};

class pci_tree {
public:
    pci_tree() = default;
    explicit pci_tree(std::vector<pci_device> devices);

    const std::vector<pci_device>& devices() const { return devices_; }  // by address
    const pci_device* find(pci_address address) const;                   // null where there is none

    // The function with the lowest address on a host bridge's root bus; null where there is none.
    const pci_device* first_on_root_bus(const std::string& host_bridge) const;

private:
    std::vector<pci_device> devices_;
};

pci_tree read_pci_tree(const host_files& files);

}  // namespace peerpress::io::topology
