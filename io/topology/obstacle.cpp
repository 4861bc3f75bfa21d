#include "io/topology/obstacle.hpp"

namespace peerpress::io::topology {

std::string_view obstacle_name(obstacle what) {
    switch (what) {
        case obstacle::kernel_too_old:
            return "KERNEL_TOO_OLD";
        case obstacle::kernel_option_off:
            return "KERNEL_OPTION_OFF";
        case obstacle::kernel_unreadable:
            return "KERNEL_UNREADABLE";
        case obstacle::no_provider:
            return "NO_PROVIDER";
        case obstacle::no_such_provider:
            return "NO_SUCH_PROVIDER";
        case obstacle::provider_unpublished:
            return "PROVIDER_UNPUBLISHED";
        case obstacle::provider_unreadable:
            return "PROVIDER_UNREADABLE";
        case obstacle::provider_exhausted:
            return "PROVIDER_EXHAUSTED";
        case obstacle::no_permission:
            return "NO_PERMISSION";
        case obstacle::root_complex_not_listed:
            return "ROOT_COMPLEX_NOT_LISTED";
        case obstacle::acs_redirect:
            return "ACS_REDIRECT";
        case obstacle::acs_unreadable:
            return "ACS_UNREADABLE";
        case obstacle::tree_unreadable:
            return "TREE_UNREADABLE";
        case obstacle::not_storage:
            return "NOT_STORAGE";
        case obstacle::file_system:
            return "FILE_SYSTEM";
        case obstacle::buffered_mount:
            return "BUFFERED_MOUNT";
        case obstacle::device_mapper:
            return "DEVICE_MAPPER";
        case obstacle::software_raid:
            return "SOFTWARE_RAID";
        case obstacle::loop_device:
            return "LOOP_DEVICE";
        case obstacle::not_nvme:
            return "NOT_NVME";
        case obstacle::not_pci_express:
            return "NOT_PCI_EXPRESS";
        case obstacle::multipath_head:
            return "MULTIPATH_HEAD";
        case obstacle::storage_unreadable:
            return "STORAGE_UNREADABLE";
    }
    return "";
}

bool is_uncertain(obstacle what) {
    switch (what) {
        case obstacle::kernel_unreadable:
        case obstacle::provider_unreadable:
        case obstacle::acs_unreadable:
        case obstacle::tree_unreadable:
        case obstacle::storage_unreadable:
            return true;
        default:
            return false;
    }
}

}  // namespace peerpress::io::topology
