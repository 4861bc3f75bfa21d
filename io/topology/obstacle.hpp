// Why bytes do not go from peer to peer: a stable name for programs, a sentence for people, and the
// way out.
#pragma once

#include <string>
#include <string_view>

namespace peerpress::io::topology {

enum class obstacle {
    // the kernel
    kernel_too_old,
    kernel_option_off,
    kernel_unreadable,
    // the provider
    no_provider,
    no_such_provider,
    provider_unpublished,
    provider_unreadable,
    provider_exhausted,
    no_permission,
    // the route
    root_complex_not_listed,
    acs_redirect,
    acs_unreadable,
    tree_unreadable,
    // the file
    file_attributes,
    layout_unreadable,
    // the devices, when they were asked (probe.hpp)
    refused_by_kernel,
    data_lost,
    probe_impossible,
    // the storage
    not_storage,
    file_system,
    buffered_mount,
    device_mapper,
    software_raid,
    loop_device,
    not_nvme,
    not_pci_express,
    multipath_head,
    storage_unreadable,
};

std::string_view obstacle_name(obstacle what);  // "KERNEL_OPTION_OFF"

// A few words for a table: "the kernel lacks CONFIG_PCI_P2PDMA".
std::string_view obstacle_brief(obstacle what);

// Obstacles of which it is only known that they may be there: they make a verdict `unknown`, not
// `host`.
bool is_uncertain(obstacle what);

struct finding {
    obstacle what;
    std::string sentence;
    std::string way_out;
};

}  // namespace peerpress::io::topology
