#include "io/topology/file_systems.hpp"

#include <array>
#include <string>

namespace peerpress::io::topology {

namespace {

constexpr std::array<std::string_view, 3> known_to_work{"ext4", "ext3", "xfs"};

struct known_not_to_work {
    std::string_view type;  // "fuse" stands for fuse.sshfs, fuseblk and so on
    std::string_view why;
};

constexpr std::array reasons{
    known_not_to_work{"btrfs", "which passes direct I/O through host memory"},
    known_not_to_work{"bcachefs", "which passes direct I/O through host memory"},
    known_not_to_work{"zfs", "which passes direct I/O through host memory"},
    known_not_to_work{"overlay", "a layered file system as containers have it"},
    known_not_to_work{"tmpfs", "whose files lie in host memory"},
    known_not_to_work{"ramfs", "whose files lie in host memory"},
    known_not_to_work{"devtmpfs", "whose files lie in host memory"},
    known_not_to_work{"hugetlbfs", "whose files lie in host memory"},
    known_not_to_work{"nfs", "whose data come over the network"},
    known_not_to_work{"cifs", "whose data come over the network"},
    known_not_to_work{"smb", "whose data come over the network"},
    known_not_to_work{"ceph", "whose data come over the network"},
    known_not_to_work{"lustre", "whose data come over the network"},
    known_not_to_work{"9p", "which another machine serves"},
    known_not_to_work{"virtiofs", "which another machine serves"},
    known_not_to_work{"fuse", "which a program serves"},
};

std::string_view why_not(std::string_view type) {
    for (const auto& [prefix, why] : reasons)
        if (type.starts_with(prefix)) return why;
    return "on which peer to peer is not known to work";
}

// A default set with tune2fs is in force but not among the mount options; ext4 tells it here.
bool journals_data(const host_files& files, const mount& on, const std::string& block_device) {
    if (on.has_option("data=journal")) return true;
    const auto options = files.text("/proc/fs/ext4/" + block_device + "/options");
    if (!options) return false;
    for (const std::string_view line : split(*options, '\n'))
        if (trimmed(line) == "data=journal") return true;
    return false;
}

}  // namespace

std::optional<finding> file_system_obstacle(const host_files& files, const mount& on,
                                            const std::string& block_device) {
    bool works = false;
    for (const std::string_view type : known_to_work) works = works || on.type == type;
    if (!works)
        return finding{obstacle::file_system,
                       on.mount_point + " is " + on.type + ", " + std::string(why_not(on.type)),
                       "keep the file on ext4 or XFS, on a partition or the whole of an NVMe SSD"};
    if (journals_data(files, on, block_device))
        return finding{
            obstacle::buffered_mount,
            on.mount_point + " is mounted with data=journal, so ext4 writes through the page cache",
            "mount it with data=ordered, which is ext4's default"};
    if (on.has_option_named("rtdev"))
        return finding{
            obstacle::storage_unreadable,
            on.mount_point + " is an XFS with a real-time device: a file may lie on either device",
            "keep the file on an XFS without a real-time device"};
    return std::nullopt;
}

}  // namespace peerpress::io::topology
