// What peer to peer needs: kernel, driver, devices, permissions, routes.
#include "io/topology/doctor.hpp"
#include "io/topology/explain.hpp"
#include "io/topology/verdict.hpp"

#include <algorithm>
#include <set>

namespace peerpress::io::topology {

namespace {

constexpr std::uint32_t class_nvme = 0x010802;

bool has_controller_memory(const machine& in) {
    return std::any_of(in.controllers.begin(), in.controllers.end(),
                       [](const nvme_controller& each) { return each.memory.has_value(); });
}

check examine_kernel(const machine& in) {
    const auto obstacle = explain_kernel(in);
    // Only where some device has memory to offer is the kernel what stands in the way.
    if (obstacle)
        return {"p2p-kernel", has_controller_memory(in) ? health::failed : health::warning,
                obstacle->sentence, obstacle->way_out};
    if (!in.kernel.p2pdma)
        return {"p2p-kernel", health::warning,
                "Linux " + in.kernel.release +
                    "; whether it has CONFIG_PCI_P2PDMA is not to be found out",
                "look for CONFIG_PCI_P2PDMA=y in the configuration of this kernel"};
    return {
        "p2p-kernel", health::ok,
        "Linux " + in.kernel.release + " has CONFIG_PCI_P2PDMA (" + in.kernel.p2pdma_source + ")",
        ""};
}

std::vector<const pci_device*> nvme_functions(const machine& in) {
    std::vector<const pci_device*> found;
    for (const pci_device& device : in.pci.devices())
        if (device.class_code == class_nvme) found.push_back(&device);
    return found;
}

check examine_nvme(const machine& in) {
    const auto functions = nvme_functions(in);
    if (functions.empty() && in.controllers.empty())
        return {"nvme", health::warning, "this machine has no NVMe devices", ""};
    for (const pci_device* function : functions) {
        if (function->driver == "nvme") continue;
        const std::string address = to_string(function->address);
        if (function->driver.empty())
            return {"nvme", health::failed, address + " is an NVMe device without a driver",
                    in.kernel.nvme_driver ? "echo " + address + " > /sys/bus/pci/drivers/nvme/bind"
                                          : "modprobe nvme"};
        return {"nvme", health::warning,
                address + " belongs to the driver " + function->driver +
                    ", so the kernel sees no disk there",
                ""};
    }
    return {"nvme", health::ok, std::to_string(in.controllers.size()) + " NVMe controller(s)", ""};
}

std::string list_providers(const machine& in) {
    std::string list;
    for (const p2pmem_provider& provider : in.providers) {
        list += (list.empty() ? "" : ", ") + in.label(provider.address);
        if (provider.available_bytes && provider.size_bytes)
            list += " " + format_bytes(*provider.available_bytes) + " of " +
                    format_bytes(*provider.size_bytes) + " free";
    }
    return list;
}

check examine_p2pmem(const machine& in) {
    if (in.providers.empty()) {
        const finding lack = explain_no_provider(in);
        return {"p2pmem", has_controller_memory(in) ? health::failed : health::warning,
                lack.sentence, lack.way_out};
    }
    for (const p2pmem_provider& provider : in.providers)
        if (const auto obstacle = explain_provider(in, provider.address))
            return {"p2pmem", health::failed, obstacle->sentence, obstacle->way_out};
    for (const nvme_controller& controller : in.controllers)
        if (controller.memory && controller.address && !in.provider_at(*controller.address))
            return {"p2pmem", health::warning,
                    list_providers(in) + "; " + explain_provider(in, *controller.address)->sentence,
                    ""};
    return {"p2pmem", health::ok, list_providers(in), ""};
}

// Absent where there is nothing to permit.
std::optional<check> examine_permission(const machine& in) {
    if (in.providers.empty()) return std::nullopt;
    for (const p2pmem_provider& provider : in.providers)
        if (provider.mappable && !provider.permitted)
            return check{"permission", health::failed,
                         "this user may not open " + allocate_path(provider.address),
                         "run as root, or: chgrp GROUP " + allocate_path(provider.address)};
    return check{"permission", health::ok, "this user may map all p2pmem", ""};
}

bool translates(const host_files& files, int group) {
    const auto type = files.line("/sys/kernel/iommu_groups/" + std::to_string(group) + "/type");
    return type &&
           type->starts_with("DMA");  // "DMA" or "DMA-FQ"; "identity" passes addresses through
}

std::optional<check> examine_iommu(const host_files& files, const machine& in) {
    if (in.controllers.empty()) return std::nullopt;
    for (const pci_device* function : nvme_functions(in))
        if (function->iommu_group && translates(files, *function->iommu_group))
            return check{"iommu", health::warning,
                         "an IOMMU translates for " + in.label(function->address) +
                             ": peer to peer works, in commands of at most 128 KiB",
                         "boot with iommu=pt for longer commands"};
    return check{"iommu", health::ok, "no IOMMU translates for NVMe devices", ""};
}

std::optional<check> examine_routes(const machine& in) {
    const pair_counts counts = count_pairs(in);
    if (counts.all() == 0) return std::nullopt;
    if (counts.p2p == counts.all())
        return check{"routes", health::ok, "every device reaches all p2pmem", ""};
    const bool hopeless = counts.p2p == 0 && counts.unknown == 0;
    return check{"routes", hopeless ? health::failed : health::warning,
                 "of " + std::to_string(counts.all()) + " pairs of p2pmem and a device " +
                     std::to_string(counts.p2p) + " work, " + std::to_string(counts.host) +
                     " do not, and of " + std::to_string(counts.unknown) +
                     " it cannot be told; the first: " + counts.first->sentence,
                 counts.first->way_out};
}

// Ports of switches above NVMe devices. Root ports do not count: behind them the root complex is
// crossed anyway.
std::set<pci_address> switch_ports(const machine& in) {
    std::set<pci_address> found;
    for (const pci_device* function : nvme_functions(in))
        if (!function->bridges.empty())
            found.insert(function->bridges.begin(), function->bridges.end() - 1);
    return found;
}

std::optional<check> examine_acs(const machine& in) {
    if (nvme_functions(in).empty()) return std::nullopt;
    std::string redirecting;
    bool unreadable = false;
    for (const pci_address port : switch_ports(in)) {
        const pci_device* device = in.pci.find(port);
        const acs_redirect redirect =
            device ? device->capabilities.redirect : acs_redirect::unreadable;
        unreadable = unreadable || redirect == acs_redirect::unreadable;
        if (redirect == acs_redirect::on)
            redirecting += (redirecting.empty() ? "" : ";") + to_string(port);
    }
    if (unreadable)
        return check{"acs", health::warning,
                     "this user cannot read the ACS settings of PCIe switches", "run as root"};
    if (!redirecting.empty())
        return check{"acs", health::warning,
                     "ACS sends the peer traffic of these switch ports through the root complex: " +
                         redirecting,
                     "boot with pci=disable_acs_redir=" + redirecting};
    return check{"acs", health::ok, "no PCIe switch above an NVMe device redirects peer traffic",
                 ""};
}

std::optional<check> examine_multipath(const machine& in) {
    std::string heads;
    for (const nvme_controller& controller : in.controllers)
        for (const nvme_namespace& reached : controller.namespaces)
            if (reached.through_head && heads.find(reached.disk) == heads.npos)
                heads += (heads.empty() ? "" : ", ") + reached.disk;
    if (in.controllers.empty()) return std::nullopt;
    if (heads.empty()) return check{"multipath", health::ok, "no disk is a multipath head", ""};
    if (in.kernel.version && *in.kernel.version >= multipath_p2pmem_since)
        return check{"multipath", health::ok,
                     "multipath heads take peer memory on this kernel: " + heads, ""};
    return check{"multipath", in.providers.empty() ? health::warning : health::failed,
                 "multipath heads take no peer memory before Linux " +
                     to_string(multipath_p2pmem_since) + ": " + heads,
                 "boot with nvme_core.multipath=N"};
}

}  // namespace

std::vector<check> examine_p2p(const host_files& files, const machine& in) {
    std::vector<check> checks{examine_kernel(in), examine_nvme(in)};
    if (in.controllers.empty() && in.providers.empty()) return checks;

    checks.push_back(examine_p2pmem(in));
    const auto add = [&](std::optional<check> found) {
        if (found) checks.push_back(std::move(*found));
    };
    add(examine_permission(in));
    add(examine_routes(in));
    add(examine_acs(in));
    add(examine_iommu(files, in));
    add(examine_multipath(in));
    return checks;
}

}  // namespace peerpress::io::topology
