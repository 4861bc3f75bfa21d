#include "io/topology/obstacle.hpp"

#include <array>
#include <cstddef>

namespace peerpress::io::topology {

namespace {

struct text {
    obstacle what;
    std::string_view name;
    std::string_view brief;
};

constexpr std::array texts{
    text{obstacle::kernel_too_old, "KERNEL_TOO_OLD", "the kernel is too old"},
    text{obstacle::kernel_option_off, "KERNEL_OPTION_OFF", "the kernel lacks CONFIG_PCI_P2PDMA"},
    text{obstacle::kernel_unreadable, "KERNEL_UNREADABLE", "the kernel's version is not readable"},
    text{obstacle::no_provider, "NO_PROVIDER", "the device has no p2pmem"},
    text{obstacle::no_such_provider, "NO_SUCH_PROVIDER", "there is no such device"},
    text{obstacle::provider_unpublished, "PROVIDER_UNPUBLISHED", "the p2pmem is not for peers"},
    text{obstacle::provider_unreadable, "PROVIDER_UNREADABLE",
         "the p2pmem's state is not readable"},
    text{obstacle::provider_exhausted, "PROVIDER_EXHAUSTED", "too little p2pmem is left"},
    text{obstacle::no_permission, "NO_PERMISSION", "this user may not map the p2pmem"},
    text{obstacle::root_complex_not_listed, "ROOT_COMPLEX_NOT_LISTED",
         "Linux lets nothing cross this root complex"},
    text{obstacle::acs_redirect, "ACS_REDIRECT",
         "ACS redirects to a root complex that Linux lets nothing cross"},
    text{obstacle::acs_unreadable, "ACS_UNREADABLE", "ACS is not readable for this user"},
    text{obstacle::tree_unreadable, "TREE_UNREADABLE", "the PCIe tree is not wholly readable"},
    text{obstacle::file_attributes, "FILE_ATTRIBUTES",
         "the processor handles what is read from this file"},
    text{obstacle::layout_unreadable, "LAYOUT_UNREADABLE", "the file's extents are not readable"},
    text{obstacle::refused_by_kernel, "REFUSED_BY_KERNEL", "Linux refused a read into the p2pmem"},
    text{obstacle::data_lost, "DATA_LOST", "data that were sent to the p2pmem did not arrive"},
    text{obstacle::probe_impossible, "PROBE_IMPOSSIBLE", "a read into the p2pmem was not tried"},
    text{obstacle::not_storage, "NOT_STORAGE", "it is neither a file nor a block device"},
    text{obstacle::file_system, "FILE_SYSTEM", "the file system is not ext4 or XFS"},
    text{obstacle::buffered_mount, "BUFFERED_MOUNT",
         "the file system writes through the page cache"},
    text{obstacle::device_mapper, "DEVICE_MAPPER", "it is a device-mapper volume"},
    text{obstacle::software_raid, "SOFTWARE_RAID", "it is a software RAID"},
    text{obstacle::loop_device, "LOOP_DEVICE", "it is a loop device"},
    text{obstacle::not_nvme, "NOT_NVME", "it is not an NVMe SSD"},
    text{obstacle::not_pci_express, "NOT_PCI_EXPRESS", "it is not on PCI Express"},
    text{obstacle::multipath_head, "MULTIPATH_HEAD", "it is an NVMe multipath head"},
    text{obstacle::storage_unreadable, "STORAGE_UNREADABLE",
         "the storage behind it is not readable"},
};

// Where an obstacle is in the enumeration, it is in the table.
constexpr bool is_ordered() {
    for (std::size_t i = 0; i < texts.size(); ++i)
        if (texts[i].what != static_cast<obstacle>(i)) return false;
    return true;
}
static_assert(is_ordered() &&
              static_cast<std::size_t>(obstacle::storage_unreadable) + 1 == texts.size());

const text& text_of(obstacle what) {
    return texts.at(static_cast<std::size_t>(what));
}

}  // namespace

std::string_view obstacle_name(obstacle what) {
    return text_of(what).name;
}
std::string_view obstacle_brief(obstacle what) {
    return text_of(what).brief;
}

bool is_uncertain(obstacle what) {
    switch (what) {
        case obstacle::kernel_unreadable:
        case obstacle::provider_unreadable:
        case obstacle::acs_unreadable:
        case obstacle::tree_unreadable:
        case obstacle::layout_unreadable:
        case obstacle::probe_impossible:
        case obstacle::storage_unreadable:
            return true;
        default:
            return false;
    }
}

}  // namespace peerpress::io::topology
