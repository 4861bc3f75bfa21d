#include "client/report/machine_text.hpp"

#include "client/units.hpp"
#include "io/topology/draw.hpp"
#include "io/topology/explain.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace peerpress::client {

using namespace io::topology;

namespace {

constexpr const char* nothing_there = "This machine has no NVMe devices and no p2pmem.\n";

using row = std::array<std::string, 7>;

std::string disks_text(const nvme_controller& controller) {
    std::string text;
    for (const nvme_namespace& reached : controller.namespaces) {
        text += (text.empty() ? "" : ", ") + reached.disk;
        if (reached.size_bytes) text += " " + bytes_text(*reached.size_bytes);
        if (reached.through_head) text += " multipath";
    }
    return text;
}

std::string p2pmem_text(const p2pmem_provider* provider) {
    if (!provider) return "";
    const auto known = [](const std::optional<std::uint64_t>& bytes) {
        return bytes ? format_bytes(*bytes) : "?";
    };
    return fmt::format("{}, {} free", known(provider->size_bytes),
                       known(provider->available_bytes));
}

row device_row(const machine& in, const nvme_controller& controller,
               const std::optional<pci_address>& address) {
    const pci_device* device = address ? in.pci.find(*address) : nullptr;
    return {controller.name,
            address ? to_string(*address) : controller.transport,
            controller.serial,
            controller.model,
            device && device->numa_node ? std::to_string(*device->numa_node) : "",
            disks_text(controller),
            p2pmem_text(address ? in.provider_at(*address) : nullptr)};
}

std::string table_text(const std::vector<row>& rows) {
    std::array<std::size_t, std::tuple_size_v<row>> widths{};
    for (const row& each : rows)
        for (std::size_t i = 0; i < each.size(); ++i)
            widths[i] = std::max({widths[i], each[i].size(), std::size_t{1}});

    std::string text;
    for (const row& each : rows) {
        std::string line;
        for (std::size_t i = 0; i < each.size(); ++i)
            line += fmt::format("{:<{}}  ", each[i].empty() ? "-" : each[i], widths[i]);
        text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    }
    return text;
}

}  // namespace

std::string devices_text(const machine& in) {
    std::vector<row> rows{{"DEVICE", "ADDRESS", "SERIAL", "MODEL", "NUMA", "DISKS", "P2PMEM"}};
    for (const nvme_controller& controller : in.controllers)
        rows.push_back(device_row(in, controller, controller.address));
    for (const p2pmem_provider& provider : in.providers)
        if (!in.controller_at(provider.address))
            rows.push_back(device_row(in, {}, provider.address));
    return rows.size() == 1 ? nothing_there : table_text(rows);
}

std::string topology_text(const machine& in) {
    const std::string tree = draw_tree(in);
    if (tree.empty()) return nothing_there;
    if (in.providers.empty()) {
        const finding lack = explain_no_provider(in);
        return fmt::format("{}\n{}\n  way out: {}\n", tree, lack.sentence, lack.way_out);
    }
    return tree + "\n" + draw_pairs(in);
}

std::string diagnosis_text(const diagnosis& made) {
    std::string text;
    for (const check& each : made.checks) {
        text += fmt::format("{:<8} {:<14} {}\n", to_string(each.status), each.name, each.detail);
        if (!each.fix.empty()) text += fmt::format("{:<24}mend: {}\n", "", each.fix);
    }
    return text + "\n" + made.summary + "\n";
}

}  // namespace peerpress::client
