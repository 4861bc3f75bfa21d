#include "server/peer_to_peer.hpp"

#include "io/topology/machine.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace peerpress::server {

jobs::p2p_options p2p_options_of(const config& c) {
    return {.enabled = c.p2p.enabled,
            .providers = c.p2p.providers,
            .budget_bytes = c.p2p.budget_bytes,
            .engine_slots = static_cast<std::uint32_t>(c.noload.slots)};
}

jobs::device_rules device_rules_of(const config& c, bool socket_is_private) {
    jobs::device_rules rules;
    rules.listed = c.p2p.devices;
    if (!c.p2p.devices.empty() && !socket_is_private)
        rules.refusal =
            "this server copies raw block devices only while its socket admits nobody but its own "
            "user (listen.unix_mode = 0o600)";
    return rules;
}

std::string p2p_warning(const config& c, bool socket_is_private) {
    const std::string refusal = device_rules_of(c, socket_is_private).refusal;
    return refusal.empty() ? refusal : "p2p.devices: none of them is copied: " + refusal;
}

bool is_private_socket(int listening_fd) {
    sockaddr_un address{};
    socklen_t bytes = sizeof(address);
    struct stat status{};
    if (::getsockname(listening_fd, reinterpret_cast<sockaddr*>(&address), &bytes) != 0 ||
        address.sun_family != AF_UNIX || address.sun_path[0] == '\0')
        return false;
    const std::string path(address.sun_path, ::strnlen(address.sun_path, sizeof(address.sun_path)));
    return ::stat(path.c_str(), &status) == 0 && status.st_uid == ::geteuid() &&
           (status.st_mode & 0077) == 0;
}

v1::PeerToPeer describe_p2p(const config& c, const jobs::device_rules& devices,
                            const jobs::p2p_planner& planner) {
    v1::PeerToPeer info;
    info.set_enabled(c.p2p.enabled);
    info.set_budget_bytes(static_cast<std::int64_t>(c.p2p.budget_bytes));
    if (devices.refusal.empty())
        for (const std::string& device : devices.listed) info.add_devices(device);
    const io::topology::machine in = io::topology::read_machine(io::topology::host_files());
    const auto leased = planner.pools().leased();
    for (const io::topology::p2pmem_provider& found : in.providers) {
        v1::P2pProvider& provider = *info.add_providers();
        provider.set_address(to_string(found.address));
        provider.set_name(in.label(found.address));
        provider.set_size_bytes(static_cast<std::int64_t>(found.size_bytes.value_or(0)));
        provider.set_available_bytes(static_cast<std::int64_t>(found.available_bytes.value_or(0)));
        if (const auto ours = leased.find(found.address); ours != leased.end())
            provider.set_leased_bytes(static_cast<std::int64_t>(ours->second));
    }
    return info;
}

}  // namespace peerpress::server
