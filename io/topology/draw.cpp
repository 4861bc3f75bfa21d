#include "io/topology/draw.hpp"

#include "io/topology/explain.hpp"
#include "io/topology/host_bridges.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <set>

namespace peerpress::io::topology {

namespace {

std::string_view port_name(const pci_device& device) {
    switch (device.capabilities.port) {
        case port_kind::root_port:
            return "root port";
        case port_kind::upstream_port:
            return "switch, upstream port";
        case port_kind::downstream_port:
            return "switch, downstream port";
        default:
            return "bridge";
    }
}

// Disks are sold in powers of 1000.
std::string format_capacity(std::uint64_t bytes) {
    constexpr std::array units{"bytes", "kB", "MB", "GB", "TB", "PB", "EB"};
    std::size_t unit = 0;
    double value = static_cast<double>(bytes);
    for (; value >= 1000 && unit + 1 < units.size(); ++unit) value /= 1000;
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), unit == 0 || value >= 100 ? "%.0f %s" : "%.2f %s",
                  value, units[unit]);
    return text.data();
}

std::string describe_controller(const nvme_controller& controller) {
    std::string text = controller.name;
    if (!controller.model.empty()) text += "  " + controller.model;
    if (!controller.serial.empty()) text += "  serial " + controller.serial;
    for (const nvme_namespace& reached : controller.namespaces) {
        text += "  " + reached.disk;
        if (reached.size_bytes) text += " (" + format_capacity(*reached.size_bytes) + ")";
    }
    return text;
}

std::string describe_provider(const p2pmem_provider& provider) {
    if (!provider.size_bytes) return "p2pmem";
    std::string text = "p2pmem " + format_bytes(*provider.size_bytes);
    if (provider.available_bytes) text += ", " + format_bytes(*provider.available_bytes) + " free";
    return text;
}

std::string describe_device(const machine& in, pci_address address) {
    std::string text = to_string(address);
    const pci_device* device = in.pci.find(address);
    if (!device) return text;

    const nvme_controller* controller = in.controller_at(address);
    const p2pmem_provider* provider = in.provider_at(address);
    if (controller) text += "  " + describe_controller(*controller);
    if (provider) text += "  " + describe_provider(*provider);
    if (!controller && !provider) text += "  " + std::string(port_name(*device));
    if (device->capabilities.redirect == acs_redirect::on) text += ", ACS redirect";
    if (device->numa_node && (controller || provider))
        text += "  NUMA " + std::to_string(*device->numa_node);
    return text;
}

// The part of the tree worth drawing: what has an NVMe controller or a provider at its end.
struct branches {
    std::map<std::string, std::set<pci_address>> roots;  // by host bridge
    std::map<pci_address, std::set<pci_address>> below;
};

branches find_branches(const machine& in) {
    branches found;
    for (const pci_device& device : in.pci.devices()) {
        if (!in.controller_at(device.address) && !in.provider_at(device.address)) continue;
        pci_address at = device.address;
        for (const pci_address bridge : device.bridges) {
            found.below[bridge].insert(at);
            at = bridge;
        }
        found.roots[device.host_bridge].insert(at);
    }
    return found;
}

void draw_below(const machine& in, const branches& all, const std::set<pci_address>& children,
                const std::string& margin, std::string& text) {
    for (const pci_address child : children) {
        const bool last = child == *children.rbegin();
        text += margin + (last ? "`-- " : "+-- ") + describe_device(in, child) + "\n";
        // An address above itself can only come from a damaged recording; the tree is then cut
        // there.
        const auto below = all.below.find(child);
        constexpr std::size_t margin_characters_max = std::size_t{4} * 32;
        if (below != all.below.end() && margin.size() < margin_characters_max)
            draw_below(in, all, below->second, margin + (last ? "    " : "|   "), text);
    }
}

std::string describe_root_complex(const machine& in, const std::string& host_bridge) {
    if (host_bridge.empty()) return "(place unknown)";
    const std::string identity = host_bridge_identity(in, host_bridge);
    std::string text = host_bridge + "  root complex " + (identity.empty() ? "unknown" : identity);
    switch (crossing(in, host_bridge, host_bridge)) {
        case trust::yes:
            return text + ", Linux lets peer traffic cross it";
        case trust::no:
            return text + ", Linux lets no peer traffic cross it";
        case trust::unknown:
            break;
    }
    return text + ", not known whether Linux lets peer traffic cross it";
}

std::string_view describe_way(const route& way) {
    switch (way.routing) {
        case routing::direct:
            return "below one bridge";
        case routing::through_root:
            return "through the root complex";
        case routing::either:
            return "below one bridge or through the root complex (ACS is not readable)";
        default:
            return "";
    }
}

std::string pad(std::string text, std::size_t width) {
    text.resize(std::max(width, text.size()), ' ');
    return text;
}

std::string draw_pair(const machine& in, const verdict& judged) {
    const leg& way = judged.legs.front();
    std::string line = "  " + pad(in.label(way.client), 24) + "  " +
                       pad(std::string(to_string(judged.path)), 7) + "  distance " +
                       std::to_string(judged.distance) + "  ";
    if (const finding* reason = judged.reason())
        line += obstacle_brief(reason->what);
    else
        line += way.client == judged.provider ? "the device itself" : describe_way(way.route);
    return line + "\n";
}

}  // namespace

std::string draw_tree(const machine& in) {
    const branches all = find_branches(in);
    std::string text;
    for (const auto& [host_bridge, roots] : all.roots) {
        text += describe_root_complex(in, host_bridge) + "\n";
        draw_below(in, all, roots, "", text);
    }
    return text;
}

std::string draw_pairs(const machine& in) {
    std::string text;
    std::map<std::string_view, std::set<std::string>> ways_out;
    for (const p2pmem_provider& provider : in.providers) {
        text += "through " + in.label(provider.address) + ":\n";
        for (const nvme_controller& controller : in.controllers) {
            if (!controller.address) continue;
            const verdict judged = judge_pair(in, provider.address, *controller.address);
            text += draw_pair(in, judged);
            if (const finding* reason = judged.reason())
                ways_out[obstacle_brief(reason->what)].insert(reason->way_out);
        }
    }
    for (const auto& [obstacle, ways] : ways_out)
        for (const std::string& way : ways)
            text += "way out where " + std::string(obstacle) + ":\n  " + way + "\n";
    return text;
}

std::string draw_verdict(const machine& in, const verdict& judged) {
    std::string text{to_string(judged.path)};
    if (judged.provider) text += " through " + in.label(*judged.provider);
    if (judged.path == data_path::p2p) text += ", distance " + std::to_string(judged.distance);
    text += "\n";
    for (const finding& found : judged.findings)
        text += "  " + found.sentence + "\n    way out: " + found.way_out + "\n";
    return text;
}

}  // namespace peerpress::io::topology
