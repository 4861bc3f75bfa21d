#include "io/topology/pci_tree.hpp"

#include <algorithm>

namespace peerpress::io::topology {

namespace {

constexpr std::string_view devices_path = "/sys/bus/pci/devices/";

constexpr std::uint32_t class_pci_bridge = 0x0604;

// "pci0000:00", the directory of a host bridge.
bool names_host_bridge(std::string_view component) {
    if (!component.starts_with("pci")) return false;
    component.remove_prefix(3);
    const std::size_t colon = component.find(':');
    constexpr std::string_view digits = "0123456789abcdef:";
    return colon != component.npos && colon >= 4 && component.size() == colon + 3 &&
           component.find_first_not_of(digits) == component.npos;
}

// The device's link reads .../pci0000:00/0000:00:01.1/0000:01:00.0: the host bridge, then each
// bridge downwards. The last host bridge counts, as Intel VMD puts a host bridge of its own below a
// PCI function.
void read_place(pci_device& device, std::string_view link) {
    for (const std::string_view component : split(link, '/')) {
        if (names_host_bridge(component)) {
            device.host_bridge = component;
            device.bridges.clear();
        } else if (const auto address = parse_pci_address(component);
                   address && *address != device.address) {
            device.bridges.insert(device.bridges.begin(), *address);
        }
    }
}

template <class T>
std::optional<T> as(std::optional<std::int64_t> value) {
    if (!value || *value < 0) return std::nullopt;
    return static_cast<T>(*value);
}

// An ordinary user cannot read what kind of port it is, but a bridge on a root bus that has a PCI
// Express link is a root port.
port_kind infer_port(const pci_device& device, bool has_link) {
    const bool bridge = device.class_code && *device.class_code >> 8 == class_pci_bridge;
    return bridge && has_link && device.on_root_bus() ? port_kind::root_port
                                                      : port_kind::unreadable;
}

pci_device read_device(const host_files& files, pci_address address, const std::string& name) {
    const std::string path = std::string(devices_path) + name;
    pci_device device;
    device.address = address;
    device.vendor = as<std::uint16_t>(files.integer(path + "/vendor"));
    device.device = as<std::uint16_t>(files.integer(path + "/device"));
    device.class_code = as<std::uint32_t>(files.integer(path + "/class"));
    device.numa_node = as<int>(files.integer(path + "/numa_node"));
    if (const auto group = files.link_name(path + "/iommu_group"))
        device.iommu_group = as<int>(parse_integer(*group));
    device.driver = files.link_name(path + "/driver").value_or("");
    read_place(device, files.link(path).value_or(""));
    device.capabilities = parse_config_space(files.text(path + "/config").value_or(""));
    if (device.capabilities.port == port_kind::unreadable)
        device.capabilities.port = infer_port(device, files.exists(path + "/max_link_speed"));
    return device;
}

}  // namespace

pci_tree::pci_tree(std::vector<pci_device> devices) : devices_(std::move(devices)) {
    std::sort(devices_.begin(), devices_.end(),
              [](const auto& left, const auto& right) { return left.address < right.address; });
}

const pci_device* pci_tree::find(pci_address address) const {
    const auto found = std::lower_bound(
        devices_.begin(), devices_.end(), address,
        [](const pci_device& device, pci_address wanted) { return device.address < wanted; });
    return found != devices_.end() && found->address == address ? &*found : nullptr;
}

const pci_device* pci_tree::first_on_root_bus(const std::string& host_bridge) const {
    const auto first =
        std::find_if(devices_.begin(), devices_.end(), [&](const pci_device& device) {
            return device.on_root_bus() && device.host_bridge == host_bridge;
        });
    return first == devices_.end() ? nullptr : &*first;
}

pci_tree read_pci_tree(const host_files& files) {
    std::vector<pci_device> devices;
    for (const std::string& name : files.names(devices_path))
        if (const auto address = parse_pci_address(name))
            devices.push_back(read_device(files, *address, name));
    return pci_tree(std::move(devices));
}

}  // namespace peerpress::io::topology
