#include "io/topology/block_device.hpp"

#include <sys/sysmacros.h>

#include <array>

namespace peerpress::io::topology {

namespace {

constexpr const char* use_the_ssd = "keep the file on a partition or the whole of an NVMe SSD";

disk_reach refuse(obstacle what, std::string sentence, std::string way_out = use_the_ssd) {
    return {.controllers = {}, .obstacle = finding{what, std::move(sentence), std::move(way_out)}};
}

std::string mapper_kind(std::string_view uuid) {
    if (uuid.starts_with("LVM-")) return "an LVM volume";
    if (uuid.starts_with("CRYPT-")) return "an encrypted volume";
    if (uuid.starts_with("mpath-")) return "a multipath device";
    return "a device-mapper device";
}

disk_reach refuse_mapper(const host_files& files, const std::string& disk) {
    const std::string path = "/sys/class/block/" + disk;
    const std::string name = files.line(path + "/dm/name").value_or(disk);
    std::string over;
    for (const std::string& lower : files.names(path + "/slaves"))
        over += (over.empty() ? " on " : ", ") + lower;
    return refuse(obstacle::device_mapper,
                  disk + " (" + name + ") is " +
                      mapper_kind(files.line(path + "/dm/uuid").value_or("")) + over +
                      ": the device mapper does not pass peer memory on");
}

std::string_view disk_family(std::string_view disk) {
    struct family {
        std::string_view prefix, name;
    };
    constexpr std::array families{
        family{"vd", "a virtio disk"},     family{"sd", "a SCSI, SATA or USB disk"},
        family{"xvd", "a Xen disk"},       family{"zram", "compressed host memory"},
        family{"ram", "host memory"},      family{"pmem", "persistent memory"},
        family{"nbd", "a network disk"},   family{"rbd", "a network disk"},
        family{"mmcblk", "a memory card"}, family{"sr", "an optical drive"},
    };
    for (const auto& [prefix, name] : families)
        if (disk.starts_with(prefix)) return name;
    return "another kind of disk";
}

disk_reach reach_head(const machine& in, const std::string& disk,
                      std::vector<pci_address> controllers) {
    if (in.kernel.version && *in.kernel.version >= multipath_p2pmem_since)
        return {.controllers = std::move(controllers), .obstacle = {}};
    return refuse(obstacle::multipath_head,
                  disk + " is an NVMe multipath head disk, which takes peer memory from Linux " +
                      to_string(multipath_p2pmem_since) + " on",
                  "boot with nvme_core.multipath=N");
}

disk_reach reach_nvme(const machine& in, const std::string& disk) {
    std::vector<pci_address> controllers;
    bool through_head = false;
    for (const nvme_controller& controller : in.controllers) {
        for (const nvme_namespace& reached : controller.namespaces) {
            if (reached.disk != disk) continue;
            if (!controller.transport.empty() && controller.transport != "pcie")
                return refuse(obstacle::not_pci_express, disk + " is reached over NVMe/" +
                                                             controller.transport +
                                                             ", not over PCI Express");
            if (!controller.address)
                return refuse(obstacle::storage_unreadable,
                              "the PCI address of " + controller.name + " is not readable",
                              "look at /sys/class/nvme/" + controller.name + "/address");
            controllers.push_back(*controller.address);
            through_head = through_head || reached.through_head;
        }
    }
    if (controllers.empty())
        return refuse(obstacle::storage_unreadable,
                      "no controller of " + disk + " is to be seen in sysfs",
                      "look for " + disk + " under /sys/class/nvme");
    if (through_head) return reach_head(in, disk, std::move(controllers));
    return {.controllers = std::move(controllers), .obstacle = {}};
}

}  // namespace

std::optional<block_device> find_block_device(const host_files& files, dev_t number) {
    const std::string path =
        "/sys/dev/block/" + std::to_string(major(number)) + ":" + std::to_string(minor(number));
    const auto link = files.link(path);
    if (!link) return std::nullopt;
    // .../nvme/nvme0/nvme0n1/nvme0n1p1: a partition lies in its disk's directory.
    const auto components = split(*link, '/');
    if (components.size() < 2) return std::nullopt;
    const bool partition = files.exists(path + "/partition");
    const std::string_view disk = components[components.size() - (partition ? 2 : 1)];
    return block_device{std::string(components.back()), std::string(disk)};
}

disk_reach reach_disk(const host_files& files, const machine& in, const std::string& disk) {
    const std::string path = "/sys/class/block/" + disk;
    if (disk.starts_with("nvme")) return reach_nvme(in, disk);
    if (files.exists(path + "/dm") || disk.starts_with("dm-")) return refuse_mapper(files, disk);
    if (files.exists(path + "/md") || disk.starts_with("md"))
        return refuse(obstacle::software_raid,
                      disk + " is a software RAID, whose members Peerpress does not look into");
    if (disk.starts_with("loop")) {
        const std::string of = files.line(path + "/loop/backing_file").value_or("a file");
        return refuse(obstacle::loop_device, disk + " is a loop device over " + of);
    }
    return refuse(obstacle::not_nvme,
                  disk + " is " + std::string(disk_family(disk)) + ", not an NVMe SSD");
}

}  // namespace peerpress::io::topology
