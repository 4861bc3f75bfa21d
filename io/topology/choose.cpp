#include "io/topology/choose.hpp"

#include "io/topology/explain.hpp"

#include <algorithm>

namespace peerpress::io::topology {

namespace {

std::optional<pci_address> resolve(const machine& in, const std::string& name) {
    const auto address = parse_pci_address(name);
    if (address && in.pci.find(*address)) return address;
    for (const nvme_controller& controller : in.controllers)
        if (!controller.serial.empty() && controller.serial == name) return controller.address;
    return std::nullopt;
}

finding no_such_provider(const std::string& name) {
    return {obstacle::no_such_provider,
            "no device has the PCI address or the NVMe serial number \"" + name + "\"",
            "`peerpress devices` lists both"};
}

std::vector<verdict> consider(const machine& in, const backing& source, const backing& target,
                              const wish& wanted) {
    std::vector<verdict> considered;
    for (const std::string& name : wanted.providers) {
        const auto address = resolve(in, name);
        considered.push_back(
            address ? judge(in, source, *address, target, wanted.needed_bytes)
                    : judge_without_provider(in, source, target, no_such_provider(name)));
    }
    if (!wanted.providers.empty()) return considered;

    for (const p2pmem_provider& provider : in.providers)
        considered.push_back(judge(in, source, provider.address, target, wanted.needed_bytes));
    return considered;
}

// The lack of a provider is no news where the kernel already explains it.
verdict judge_lack(const machine& in, const backing& source, const backing& target) {
    if (const auto kernel = explain_kernel(in); kernel && !is_uncertain(kernel->what))
        return judge_without_provider(in, source, target);
    return judge_without_provider(in, source, target, explain_no_provider(in));
}

int rank(data_path path) {
    switch (path) {
        case data_path::p2p:
            return 0;
        case data_path::unknown:
            return 1;
        case data_path::host:
            break;
    }
    return 2;
}

// Better first: what works, then what may work, then what lacks least; the nearest of each.
bool better(const verdict& left, const verdict& right) {
    if (left.path != right.path) return rank(left.path) < rank(right.path);
    if (left.path != data_path::p2p && left.findings.size() != right.findings.size())
        return left.findings.size() < right.findings.size();
    return left.distance < right.distance;
}

}  // namespace

choice choose(const machine& in, const backing& source, const backing& target, const wish& wanted,
              std::uint64_t turn) {
    choice made;
    made.considered = consider(in, source, target, wanted);
    if (made.considered.empty()) {
        made.best = judge_lack(in, source, target);
        return made;
    }

    const verdict& best = *std::min_element(made.considered.begin(), made.considered.end(), better);
    std::vector<const verdict*> ties;
    for (const verdict& candidate : made.considered)
        if (!better(best, candidate) && !better(candidate, best)) ties.push_back(&candidate);
    made.best = *ties[best.path == data_path::p2p ? turn % ties.size() : 0];
    return made;
}

}  // namespace peerpress::io::topology
