#include "io/topology/route.hpp"

#include "io/topology/host_bridges.hpp"

#include <algorithm>

namespace peerpress::io::topology {

namespace {

// The device itself, then the bridges above it up to the root bus.
std::vector<pci_address> way_up(const pci_device& device) {
    std::vector<pci_address> way{device.address};
    way.insert(way.end(), device.bridges.begin(), device.bridges.end());
    return way;
}

// Linux asks every function on the way, the devices and the bridge that they share among them.
void note_acs(const machine& in, pci_address address, route& way) {
    const pci_device* device = in.pci.find(address);
    const acs_redirect redirect = device ? device->capabilities.redirect : acs_redirect::unreadable;
    if (redirect == acs_redirect::on) way.acs_redirects.push_back(address);
    if (redirect == acs_redirect::unreadable) way.acs_unreadable.push_back(address);
}

routing decide(const route& way, bool share_a_bridge, trust crossing) {
    if (!share_a_bridge || !way.acs_redirects.empty()) {
        switch (crossing) {
            case trust::yes:
                return routing::through_root;
            case trust::no:
                return routing::none;
            case trust::unknown:
                return routing::unknown;
        }
    }
    if (way.acs_unreadable.empty()) return routing::direct;
    return crossing == trust::yes ? routing::either : routing::unknown;
}

}  // namespace

route find_route(const machine& in, pci_address provider, pci_address client) {
    route way;
    const pci_device* from = in.pci.find(provider);
    const pci_device* to = in.pci.find(client);
    // Without its place in the tree nothing can be said about a device.
    if (!from || !to || from->host_bridge.empty() || to->host_bridge.empty()) return way;

    const auto up_from = way_up(*from);
    const auto up_to = way_up(*to);
    const auto meets =
        std::find_first_of(up_from.begin(), up_from.end(), up_to.begin(), up_to.end());
    const bool share_a_bridge = meets != up_from.end();
    const auto met = share_a_bridge ? std::find(up_to.begin(), up_to.end(), *meets) : up_to.end();

    way.distance = static_cast<unsigned>((meets - up_from.begin()) + (met - up_to.begin()));
    if (share_a_bridge) {
        std::for_each(up_from.begin(), meets + 1, [&](pci_address at) { note_acs(in, at, way); });
        std::for_each(up_to.begin(), met, [&](pci_address at) { note_acs(in, at, way); });
    }
    way.routing = decide(way, share_a_bridge, crossing(in, from->host_bridge, to->host_bridge));
    return way;
}

}  // namespace peerpress::io::topology
