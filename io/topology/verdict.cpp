#include "io/topology/verdict.hpp"

#include "io/topology/explain.hpp"

#include <algorithm>
#include <utility>

namespace peerpress::io::topology {

namespace {

void settle(verdict& judged) {
    judged.path = data_path::p2p;
    for (const finding& found : judged.findings) {
        if (!is_uncertain(found.what)) {
            judged.path = data_path::host;
            return;
        }
        judged.path = data_path::unknown;
    }
}

std::optional<finding> explain_backing(const backing& of) {
    if (of.obstacle || !of.controllers.empty()) return of.obstacle;
    return finding{obstacle::storage_unreadable, "what lies behind " + of.path + " is not known",
                   "name another path"};
}

void add(verdict& judged, std::optional<finding> found) {
    if (!found) return;
    // Source and target often share a disk, and then a reason.
    for (const finding& known : judged.findings)
        if (known.sentence == found->sentence) return;
    judged.findings.push_back(std::move(*found));
}

void add_leg(verdict& judged, const machine& in, pci_address provider, pci_address client) {
    for (const leg& known : judged.legs)
        if (known.client == client) return;
    leg added{client, find_route(in, provider, client)};
    add(judged, explain_route(in, provider, client, added.route));
    judged.legs.push_back(std::move(added));
}

// Linux sums over the clients it is given, so a controller that is source and target counts twice.
unsigned distance_to(const verdict& judged, const std::vector<pci_address>& clients) {
    unsigned sum = 0;
    for (const leg& each : judged.legs)
        sum += each.route.distance *
               static_cast<unsigned>(std::count(clients.begin(), clients.end(), each.client));
    return sum;
}

verdict judge_routes(const machine& in, pci_address provider,
                     const std::vector<pci_address>& clients) {
    verdict judged;
    judged.provider = provider;
    for (const pci_address client : clients) add_leg(judged, in, provider, client);
    judged.distance = distance_to(judged, clients);
    return judged;
}

}  // namespace

std::string_view to_string(data_path path) {
    switch (path) {
        case data_path::p2p:
            return "p2p";
        case data_path::host:
            return "host";
        case data_path::unknown:
            break;
    }
    return "unknown";
}

const finding* verdict::reason() const {
    for (const finding& found : findings)
        if (!is_uncertain(found.what)) return &found;
    return findings.empty() ? nullptr : &findings.front();
}

verdict judge(const machine& in, const backing& source, pci_address provider, const backing& target,
              std::uint64_t needed_bytes) {
    std::vector<pci_address> clients = source.controllers;
    clients.insert(clients.end(), target.controllers.begin(), target.controllers.end());

    verdict judged = judge_routes(in, provider, clients);
    std::vector<finding> routes = std::exchange(judged.findings, {});
    add(judged, explain_kernel(in));
    add(judged, explain_backing(source));
    add(judged, explain_backing(target));
    for (finding& found : routes) add(judged, std::move(found));
    // What a command mends comes after what only other hardware mends.
    add(judged, explain_provider(in, provider));
    add(judged, explain_share(in, provider, needed_bytes));
    settle(judged);
    return judged;
}

verdict judge_pair(const machine& in, pci_address provider, pci_address client) {
    verdict judged = judge_routes(in, provider, {client});
    add(judged, explain_kernel(in));
    add(judged, explain_provider(in, provider));
    settle(judged);
    return judged;
}

verdict judge_without_provider(const machine& in, const backing& source, const backing& target,
                               std::optional<finding> why) {
    verdict judged;
    add(judged, explain_kernel(in));
    add(judged, explain_backing(source));
    add(judged, explain_backing(target));
    add(judged, std::move(why));
    settle(judged);
    return judged;
}

}  // namespace peerpress::io::topology
