#include "io/topology/p2pmem.hpp"

namespace peerpress::io::topology {

namespace {

std::string directory(pci_address provider) {
    return "/sys/bus/pci/devices/" + to_string(provider) + "/p2pmem";
}

std::optional<std::uint64_t> bytes(const host_files& files, const std::string& path) {
    const auto value = files.integer(path);
    if (!value || *value < 0) return std::nullopt;
    return static_cast<std::uint64_t>(*value);
}

}  // namespace

std::string allocate_path(pci_address provider) {
    return directory(provider) + "/allocate";
}

std::vector<p2pmem_provider> read_p2pmem_providers(const host_files& files, const pci_tree& tree) {
    std::vector<p2pmem_provider> providers;
    for (const pci_device& device : tree.devices()) {
        const std::string path = directory(device.address);
        if (!files.exists(path)) continue;

        p2pmem_provider provider;
        provider.address = device.address;
        provider.size_bytes = bytes(files, path + "/size");
        provider.available_bytes = bytes(files, path + "/available");
        if (const auto published = files.integer(path + "/published"))
            provider.published = *published == 1;
        provider.mappable = files.exists(allocate_path(device.address));
        provider.permitted = provider.mappable && files.may_write(allocate_path(device.address));
        providers.push_back(provider);
    }
    return providers;
}

}  // namespace peerpress::io::topology
