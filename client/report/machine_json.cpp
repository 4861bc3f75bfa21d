#include "client/report/machine_json.hpp"

#include "client/printable.hpp"
#include "client/report/json_lines.hpp"

#include <set>

namespace peerpress::client {

using boost::json::array;
using boost::json::object;
using boost::json::value;
using namespace io::topology;

namespace {

template <class T>
value or_null(const std::optional<T>& given) {
    return given ? value(*given) : value();
}

value text_or_null(const std::string& text) {
    return text.empty() ? value() : value(to_utf8(text));
}

value p2pmem_json(const p2pmem_provider* provider) {
    if (!provider) return nullptr;
    return object{{"size_bytes", or_null(provider->size_bytes)},
                  {"available_bytes", or_null(provider->available_bytes)},
                  {"published", or_null(provider->published)},
                  {"permitted", provider->permitted}};
}

array disks_json(const nvme_controller& controller) {
    array disks;
    for (const nvme_namespace& reached : controller.namespaces)
        disks.push_back(object{{"name", reached.disk},
                               {"generic", text_or_null(reached.generic)},
                               {"size_bytes", or_null(reached.size_bytes)},
                               {"block_bytes", or_null(reached.block_bytes)},
                               {"multipath_head", reached.through_head}});
    return disks;
}

value memory_json(const std::optional<controller_memory>& memory) {
    if (!memory) return nullptr;
    return object{{"size_bytes", memory->size_bytes},
                  {"read_data", memory->read_data},
                  {"write_data", memory->write_data}};
}

object device_json(const machine& in, const nvme_controller& controller,
                   const std::optional<pci_address>& address) {
    const pci_device* device = address ? in.pci.find(*address) : nullptr;
    return {{"type", "device"},
            {"name", text_or_null(controller.name)},
            {"address", address ? value(to_string(*address)) : value()},
            {"serial", text_or_null(controller.serial)},
            {"model", text_or_null(controller.model)},
            {"firmware", text_or_null(controller.firmware)},
            {"transport", text_or_null(controller.transport)},
            {"state", text_or_null(controller.state)},
            {"numa_node", device ? or_null(device->numa_node) : value()},
            {"disks", disks_json(controller)},
            {"memory", memory_json(controller.memory)},
            {"p2pmem", p2pmem_json(address ? in.provider_at(*address) : nullptr)}};
}

std::string_view kind_name(port_kind kind) {
    switch (kind) {
        case port_kind::conventional:
            return "conventional";
        case port_kind::endpoint:
            return "endpoint";
        case port_kind::root_port:
            return "root_port";
        case port_kind::upstream_port:
            return "upstream_port";
        case port_kind::downstream_port:
            return "downstream_port";
        case port_kind::other:
            return "other";
        case port_kind::unreadable:
            break;
    }
    return "unreadable";
}

std::string_view redirect_name(acs_redirect redirect) {
    switch (redirect) {
        case acs_redirect::on:
            return "on";
        case acs_redirect::off:
            return "off";
        case acs_redirect::unreadable:
            break;
    }
    return "unreadable";
}

std::string_view routing_name(routing way) {
    switch (way) {
        case routing::direct:
            return "direct";
        case routing::through_root:
            return "through_root";
        case routing::either:
            return "either";
        case routing::none:
            return "none";
        case routing::unknown:
            break;
    }
    return "unknown";
}

array addresses_json(const std::vector<pci_address>& addresses) {
    array out;
    for (const pci_address address : addresses) out.push_back(value(to_string(address)));
    return out;
}

object function_json(const pci_device& device) {
    return {{"type", "function"},
            {"address", to_string(device.address)},
            {"host_bridge", text_or_null(device.host_bridge)},
            {"bridges", addresses_json(device.bridges)},
            {"kind", kind_name(device.capabilities.port)},
            {"acs_redirect", redirect_name(device.capabilities.redirect)},
            {"vendor_id", or_null(device.vendor)},
            {"device_id", or_null(device.device)},
            {"numa_node", or_null(device.numa_node)}};
}

array findings_json(const verdict& judged) {
    array out;
    for (const finding& found : judged.findings)
        out.push_back(object{{"reason", obstacle_name(found.what)},
                             {"certain", !is_uncertain(found.what)},
                             {"message", to_utf8(found.sentence)},
                             {"way_out", to_utf8(found.way_out)}});
    return out;
}

object pair_json(const verdict& judged) {
    const leg& way = judged.legs.front();
    return {{"type", "pair"},
            {"provider", to_string(*judged.provider)},
            {"client", to_string(way.client)},
            {"path", to_string(judged.path)},
            {"distance", judged.distance},
            {"routing", routing_name(way.route.routing)},
            {"findings", findings_json(judged)}};
}

}  // namespace

std::vector<object> devices_json(const machine& in) {
    std::vector<object> lines;
    for (const nvme_controller& controller : in.controllers)
        lines.push_back(device_json(in, controller, controller.address));
    for (const p2pmem_provider& provider : in.providers)
        if (!in.controller_at(provider.address))
            lines.push_back(device_json(in, {}, provider.address));
    return lines;
}

std::vector<object> topology_json(const machine& in) {
    std::set<pci_address> shown;
    for (const pci_device& device : in.pci.devices()) {
        if (!in.controller_at(device.address) && !in.provider_at(device.address)) continue;
        shown.insert(device.address);
        shown.insert(device.bridges.begin(), device.bridges.end());
    }
    std::vector<object> lines;
    for (const pci_address address : shown)
        if (const pci_device* device = in.pci.find(address))
            lines.push_back(function_json(*device));
    for (const p2pmem_provider& provider : in.providers)
        for (const nvme_controller& controller : in.controllers)
            if (controller.address)
                lines.push_back(pair_json(judge_pair(in, provider.address, *controller.address)));
    return lines;
}

object verdict_json(const std::string& source, const std::string& target, const verdict& judged) {
    object out{{"type", "verdict"}};
    put_name(out, "source", source);
    put_name(out, "target", target);
    out["path"] = to_string(judged.path);
    out["provider"] = judged.provider ? value(to_string(*judged.provider)) : value();
    out["distance"] = judged.distance;
    out["findings"] = findings_json(judged);
    return out;
}

std::vector<object> diagnosis_json(const diagnosis& made) {
    std::vector<object> lines;
    for (const check& each : made.checks)
        lines.push_back({{"type", "check"},
                         {"name", each.name},
                         {"status", to_string(each.status)},
                         {"detail", to_utf8(each.detail)},
                         {"fix", text_or_null(each.fix)}});
    lines.push_back({{"type", "diagnosis"},
                     {"healthy", made.healthy()},
                     {"software_works", made.software_works},
                     {"summary", made.summary},
                     {"exit_code", made.healthy() ? 0 : 1}});
    return lines;
}

}  // namespace peerpress::client
