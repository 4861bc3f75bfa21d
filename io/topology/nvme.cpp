#include "io/topology/nvme.hpp"

#include <algorithm>

namespace peerpress::io::topology {

namespace {

constexpr std::uint64_t sysfs_sector_bytes = 512;  // whatever the disk's own block size

// Takes decimal digits off the front of `text`; false where there are none.
bool take_digits(std::string_view& text) {
    const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(count);
    return count > 0;
}

bool take_letter(std::string_view& text, char letter) {
    if (!text.starts_with(letter)) return false;
    text.remove_prefix(1);
    return true;
}

// A controller's directory holds a disk of its own as nvme0n1; one path of a multipath head nvme0n1
// as the hidden disk nvme0c1n1.
std::optional<nvme_namespace> name_namespace(std::string_view entry) {
    std::string_view rest = entry;
    if (!rest.starts_with("nvme")) return std::nullopt;
    rest.remove_prefix(4);
    if (!take_digits(rest)) return std::nullopt;
    const std::string_view subsystem = entry.substr(0, entry.size() - rest.size());

    const bool through_head = take_letter(rest, 'c');
    if (through_head && !take_digits(rest)) return std::nullopt;
    const std::string_view identifier = rest;
    if (!take_letter(rest, 'n') || !take_digits(rest) || !rest.empty()) return std::nullopt;

    nvme_namespace found;
    found.disk = std::string(subsystem) + std::string(identifier);
    found.through_head = through_head;
    return found;
}

void read_namespace(const host_files& files, nvme_namespace& of) {
    const std::string disk = "/sys/class/block/" + of.disk;
    if (const auto sectors = files.integer(disk + "/size"); sectors && *sectors >= 0)
        of.size_bytes = static_cast<std::uint64_t>(*sectors) * sysfs_sector_bytes;
    if (const auto bytes = files.integer(disk + "/queue/logical_block_size"); bytes && *bytes > 0)
        of.block_bytes = static_cast<std::uint32_t>(*bytes);

    const std::string generic = "ng" + of.disk.substr(4);  // nvme0n1 -> ng0n1
    if (files.exists("/sys/class/nvme-generic/" + generic)) of.generic = generic;
}

// The specification has ASCII here; what a device says otherwise must not reach a terminal.
std::string ascii(std::string text) {
    for (char& c : text)
        if (c < ' ' || c > '~') c = '?';
    return text;
}

nvme_controller read_controller(const host_files& files, const std::string& name) {
    const std::string path = "/sys/class/nvme/" + name;
    const auto text = [&](const char* attribute) {
        return ascii(files.line(path + attribute).value_or(""));
    };
    nvme_controller controller;
    controller.name = name;
    controller.serial = text("/serial");
    controller.model = text("/model");
    controller.firmware = text("/firmware_rev");
    controller.transport = text("/transport");
    controller.state = text("/state");
    if (controller.transport == "pcie") controller.address = parse_pci_address(text("/address"));
    if (const auto cmbsz = files.integer(path + "/cmbsz"); cmbsz && *cmbsz > 0)
        controller.memory = parse_cmbsz(static_cast<std::uint32_t>(*cmbsz));

    for (const std::string& entry : files.names(path)) {
        if (auto found = name_namespace(entry)) {
            read_namespace(files, *found);
            controller.namespaces.push_back(std::move(*found));
        }
    }
    return controller;
}

}  // namespace

controller_memory parse_cmbsz(std::uint32_t cmbsz) {
    // NVMe base specification, CMBSZ: SZ in bits 31:12 counts units of 4 KiB x 16^SZU, SZU in bits
    // 11:8.
    const unsigned unit = cmbsz >> 8 & 0xf;
    const std::uint64_t size = cmbsz >> 12;
    controller_memory memory;
    memory.size_bytes =
        unit <= 6 ? size << (12 + 4 * unit) : 0;  // units beyond 64 GiB are reserved
    memory.read_data = cmbsz >> 3 & 1;
    memory.write_data = cmbsz >> 4 & 1;
    return memory;
}

std::vector<nvme_controller> read_nvme_controllers(const host_files& files) {
    std::vector<nvme_controller> controllers;
    for (const std::string& name : files.names("/sys/class/nvme"))
        if (name.starts_with("nvme")) controllers.push_back(read_controller(files, name));
    return controllers;
}

}  // namespace peerpress::io::topology
