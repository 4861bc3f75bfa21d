#include "client/report/accelerator_report.hpp"

#include "client/printable.hpp"
#include "io/topology/explain.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace peerpress::client {

using accel::core_kind;
using accel::noload::found_core;
using accel::noload::found_device;

namespace {

std::ptrdiff_t cores_of(const found_device& device, core_kind kind) {
    return std::ranges::count(device.cores, kind, &found_core::kind);
}

}  // namespace

std::string accelerators_text(const std::vector<found_device>& found) {
    std::string text;
    for (const found_device& device : found)
        text += fmt::format(
            "accelerator {}  serial {}  {} to compress, {} to decompress, {} a command\n",
            device.identity.label, device.identity.serial, cores_of(device, core_kind::compress),
            cores_of(device, core_kind::decompress),
            io::topology::format_bytes(device.identity.span_bytes));
    return text;
}

std::vector<boost::json::object> accelerators_json(const std::vector<found_device>& found) {
    std::vector<boost::json::object> lines;
    for (const found_device& device : found)
        lines.push_back({{"type", "accelerator"},
                         {"name", to_utf8(device.identity.label)},
                         {"address", device.identity.address},
                         {"serial", to_utf8(device.identity.serial)},
                         {"model", to_utf8(device.identity.model)},
                         {"span_bytes", device.identity.span_bytes},
                         {"compress_cores", cores_of(device, core_kind::compress)},
                         {"decompress_cores", cores_of(device, core_kind::decompress)}});
    return lines;
}

}  // namespace peerpress::client
