#include "io/topology/machine.hpp"

namespace peerpress::io::topology {

const p2pmem_provider* machine::provider_at(pci_address address) const {
    for (const p2pmem_provider& provider : providers)
        if (provider.address == address) return &provider;
    return nullptr;
}

const nvme_controller* machine::controller_at(pci_address address) const {
    for (const nvme_controller& controller : controllers)
        if (controller.address == address) return &controller;
    return nullptr;
}

std::string machine::label(pci_address address) const {
    const nvme_controller* controller = controller_at(address);
    return controller ? controller->name + " (" + to_string(address) + ")" : to_string(address);
}

machine read_machine(const host_files& files) {
    machine found;
    found.kernel = read_kernel(files);
    found.pci = read_pci_tree(files);
    found.controllers = read_nvme_controllers(files);
    found.providers = read_p2pmem_providers(files, found.pci);

    // Only a kernel built with the option shows p2pmem, whatever a configuration file says.
    if (!found.providers.empty()) {
        found.kernel.p2pdma = true;
        found.kernel.p2pdma_source = "p2pmem in sysfs";
    }
    return found;
}

}  // namespace peerpress::io::topology
