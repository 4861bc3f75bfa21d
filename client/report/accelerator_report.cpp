#include "client/report/accelerator_report.hpp"

#include "client/printable.hpp"
#include "client/remote/server_json.hpp"
#include "io/topology/explain.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace peerpress::client {

using accel::core_kind;
using accel::noload::found_core;
using accel::noload::found_device;
using boost::json::value;

namespace {

value text_or_null(const std::string& text) {
    return text.empty() ? value() : value(to_utf8(text));
}

std::ptrdiff_t cores_of(const v1::Accelerator& served, core_kind kind) {
    return std::ranges::count_if(served.cores(), [kind](const v1::AcceleratorCore& core) {
        return core.kind() == core_kind_name(kind);
    });
}

}  // namespace

shown_accelerator shown(const found_device& found) {
    return {
        .label = found.identity.label,
        .address = found.identity.address,
        .serial = found.identity.serial,
        .model = found.identity.model,
        .span_bytes = found.identity.span_bytes,
        .compress_cores = std::ranges::count(found.cores, core_kind::compress, &found_core::kind),
        .decompress_cores =
            std::ranges::count(found.cores, core_kind::decompress, &found_core::kind)};
}

shown_accelerator shown(const v1::Accelerator& served) {
    return {.label = served.name(),
            .address = served.address(),
            .serial = served.serial(),
            .model = served.model(),
            .span_bytes = static_cast<std::size_t>(served.span_bytes()),
            .compress_cores = cores_of(served, core_kind::compress),
            .decompress_cores = cores_of(served, core_kind::decompress),
            .state = health_words(served.health()),
            .reason = served.reason()};
}

std::vector<shown_accelerator> shown(const std::vector<found_device>& found,
                                     const v1::ServerInfo& server) {
    std::vector<shown_accelerator> all;
    for (const v1::Accelerator& served : server.accelerators()) all.push_back(shown(served));
    for (const found_device& device : found)
        if (std::ranges::find(all, device.identity.address, &shown_accelerator::address) ==
            all.end())
            all.push_back(shown(device));
    return all;
}

std::string accelerators_text(const std::vector<shown_accelerator>& all) {
    std::string text;
    for (const shown_accelerator& one : all) {
        text += fmt::format(
            "accelerator {}  serial {}  {} to compress, {} to decompress, {} a "
            "command",
            one.label, one.serial, one.compress_cores, one.decompress_cores,
            io::topology::format_bytes(one.span_bytes));
        if (!one.state.empty()) text += ", " + one.state;
        if (!one.reason.empty()) text += ": " + one.reason;
        text += "\n";
    }
    return text;
}

boost::json::object accelerator_json(const shown_accelerator& one) {
    return {{"type", "accelerator"},
            {"name", to_utf8(one.label)},
            {"address", to_utf8(one.address)},
            {"serial", to_utf8(one.serial)},
            {"model", to_utf8(one.model)},
            {"span_bytes", one.span_bytes},
            {"compress_cores", one.compress_cores},
            {"decompress_cores", one.decompress_cores},
            {"state", text_or_null(one.state)},
            {"reason", text_or_null(one.reason)}};
}

}  // namespace peerpress::client
