#include "io/topology/explain.hpp"

#include "io/topology/host_bridges.hpp"

#include <array>
#include <cstdio>

namespace peerpress::io::topology {

namespace {

constexpr const char* run_as_root = "run as root";

// Linux turns a CMB into pages in blocks of this size, and passes over one that does not fit, with
// no message.
constexpr std::uint64_t cmb_granule_bytes = 2 << 20;

std::string addresses(const std::vector<pci_address>& all, const char* separator) {
    std::string text;
    for (const pci_address address : all)
        text += (text.empty() ? "" : separator) + to_string(address);
    return text;
}

std::string describe_unused_memory(const nvme_controller& controller) {
    const controller_memory& memory = *controller.memory;
    const std::string has =
        controller.name + " has a CMB of " + format_bytes(memory.size_bytes) + ", ";
    if (memory.size_bytes % cmb_granule_bytes != 0)
        return has + "which Linux passes over: it takes multiples of 2 MiB";
    return has + "which Linux did not register (see its messages: dmesg | grep CMB)";
}

std::string describe_root(const machine& in, pci_address device) {
    const pci_device* found = in.pci.find(device);
    const std::string bridge = found ? found->host_bridge : "";
    return bridge + " (" + host_bridge_identity(in, bridge) + ")";
}

std::string describe_roots(const machine& in, pci_address one, pci_address other) {
    const std::string first = describe_root(in, one);
    const std::string second = describe_root(in, other);
    return first == second ? first : first + " and " + second;
}

finding explain_refused_route(const machine& in, pci_address provider, pci_address client,
                              const route& way) {
    const std::string between = "between " + in.label(provider) + " and " + in.label(client);
    const std::string refusal = ", which Linux does not let peer traffic cross (its list as of " +
                                to_string(host_bridge_list_version) + ")";
    if (!way.acs_redirects.empty())
        return {obstacle::acs_redirect,
                "ACS redirects traffic " + between + " to the root complex " +
                    describe_roots(in, provider, client) + refusal,
                "boot with pci=disable_acs_redir=" + addresses(way.acs_redirects, ";") +
                    " (this lets those devices reach each other's memory past the IOMMU)"};
    return {obstacle::root_complex_not_listed,
            "traffic " + between + " crosses the root complex " +
                describe_roots(in, provider, client) + refusal,
            "put the devices behind one PCIe switch, or use a machine with AMD Zen or a listed "
            "root complex"};
}

}  // namespace

std::optional<finding> explain_kernel(const machine& in) {
    const kernel_facts& kernel = in.kernel;
    const std::string upgrade = "run a kernel of version " + to_string(user_space_p2pmem_since) +
                                " or later with CONFIG_PCI_P2PDMA=y";
    if (kernel.version && *kernel.version < user_space_p2pmem_since)
        return finding{obstacle::kernel_too_old,
                       "Linux " + kernel.release + " gives programs no p2pmem; " +
                           to_string(user_space_p2pmem_since) + " was the first that does",
                       upgrade};
    if (kernel.p2pdma == false)
        return finding{obstacle::kernel_option_off,
                       "Linux " + kernel.release + " was built without CONFIG_PCI_P2PDMA (" +
                           kernel.p2pdma_source + ")",
                       upgrade};
    if (!kernel.version)
        return finding{obstacle::kernel_unreadable, "the kernel's version is not readable",
                       "look at /proc/sys/kernel/osrelease"};
    return std::nullopt;
}

finding explain_no_provider(const machine& in) {
    std::string sentence = "no device offers p2pmem";
    for (const nvme_controller& controller : in.controllers)
        if (controller.memory) sentence += "; " + describe_unused_memory(controller);
    if (!in.kernel.p2pdma)
        sentence += "; whether the kernel has CONFIG_PCI_P2PDMA is not to be found out";
    return {
        obstacle::no_provider, sentence,
        "use an NVMe SSD or accelerator with a controller memory buffer (CMB) of at least 2 MiB"};
}

std::optional<finding> explain_provider(const machine& in, pci_address address) {
    const p2pmem_provider* provider = in.provider_at(address);
    const std::string name = in.label(address);
    if (!provider) {
        const nvme_controller* controller = in.controller_at(address);
        const bool has_memory = controller && controller->memory;
        return finding{
            obstacle::no_provider,
            has_memory ? describe_unused_memory(*controller) : name + " offers no p2pmem",
            "name a device that does: `peerpress devices` lists them"};
    }
    if (!provider->published)
        return finding{obstacle::provider_unreadable, "what " + name + " publishes is not readable",
                       run_as_root};
    if (!*provider->published)
        return finding{
            obstacle::provider_unpublished,
            name + " does not offer its p2pmem to peers, as it cannot be both read and written",
            "use a device whose CMB supports read data and write data (CMBSZ.RDS and WDS)"};
    if (!provider->mappable)
        return finding{obstacle::kernel_too_old,
                       name + " has p2pmem, but no `allocate` file for programs",
                       "run Linux " + to_string(user_space_p2pmem_since) + " or later"};
    return std::nullopt;
}

std::optional<finding> explain_share(const machine& in, pci_address address,
                                     std::uint64_t needed_bytes) {
    const p2pmem_provider* provider = in.provider_at(address);
    if (!provider || !provider->mappable) return std::nullopt;
    const std::string name = in.label(address);
    if (!provider->permitted)
        return finding{obstacle::no_permission, "this user may not open " + allocate_path(address),
                       std::string(run_as_root) + ", or give a group the file by a udev rule"};
    if (!provider->available_bytes)
        return finding{obstacle::provider_unreadable,
                       "how much of its p2pmem " + name + " has left is not readable", run_as_root};
    if (*provider->available_bytes < needed_bytes)
        return finding{
            obstacle::provider_exhausted,
            name + " has " + format_bytes(*provider->available_bytes) + " of p2pmem left, and " +
                format_bytes(needed_bytes) + " are needed",
            "end other users of it, take smaller or fewer buffers, or name another provider"};
    return std::nullopt;
}

std::optional<finding> explain_route(const machine& in, pci_address provider, pci_address client,
                                     const route& way) {
    if (way.works()) return std::nullopt;
    if (way.routing == routing::none) return explain_refused_route(in, provider, client, way);

    const std::string between = "between " + in.label(provider) + " and " + in.label(client);
    if (!way.acs_unreadable.empty() && way.acs_redirects.empty())
        return finding{obstacle::acs_unreadable,
                       "ACS settings " + between + " are not readable for this user", run_as_root};
    return finding{obstacle::tree_unreadable,
                   "the PCIe path " + between + " is not wholly readable in sysfs", run_as_root};
}

std::string format_bytes(std::uint64_t bytes) {
    constexpr std::array units{"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    std::size_t unit = 0;
    double value = static_cast<double>(bytes);
    while (value >= 1024 && unit + 1 < units.size()) {
        value /= 1024;
        ++unit;
    }
    const bool whole =
        value == static_cast<double>(static_cast<std::uint64_t>(value)) || value >= 100;
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), whole ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return text.data();
}

}  // namespace peerpress::io::topology
