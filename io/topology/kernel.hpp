// The running kernel and processor, as far as peer to peer depends on them.
#pragma once

#include "io/topology/host_files.hpp"

#include <compare>
#include <optional>
#include <string>

namespace peerpress::io::topology {

struct kernel_version {
    unsigned major = 0;
    unsigned minor = 0;

    auto operator<=>(const kernel_version&) const = default;
};

std::optional<kernel_version> parse_kernel_version(std::string_view release);
std::string to_string(kernel_version version);

// From 6.2 on, programs can map p2pmem and pass it to direct reads and writes.
inline constexpr kernel_version user_space_p2pmem_since{6, 2};
// From 7.2 on, the disk that stands for several NVMe paths takes p2pmem as well.
inline constexpr kernel_version multipath_p2pmem_since{7, 2};

struct kernel_facts {
    std::string release;  // "7.3.4-amd64"; "" where it cannot be read
    std::optional<kernel_version> version;

    std::optional<bool> p2pdma;  // CONFIG_PCI_P2PDMA
    std::string p2pdma_source;   // the file that told

    // "AMD Zen or newer", in whose root complexes Linux trusts without looking further.
    std::optional<bool> zen;
    std::string cpu_model;

    bool nvme_driver = false;            // there, as a module or built in
    std::optional<bool> nvme_multipath;  // nvme_core.multipath
};

kernel_facts read_kernel(const host_files& files);

}  // namespace peerpress::io::topology
