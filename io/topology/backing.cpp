#include "io/topology/backing.hpp"

#include "io/topology/block_device.hpp"
#include "io/topology/file_systems.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <filesystem>

namespace peerpress::io::topology {

namespace {

path_kind kind_of(mode_t mode) {
    if (S_ISREG(mode) || S_ISDIR(mode)) return path_kind::in_file_system;
    return S_ISBLK(mode) ? path_kind::block_device : path_kind::other;
}

// By its number where it is one of ours. A file that another process opened lies on a mount that
// only that one may see: ours of the same device is as good.
std::optional<mount> find_mount(const host_files& files, const path_identity& identity) {
    const auto text = files.text("/proc/self/mountinfo");
    if (!text || !identity.mount_id) return std::nullopt;
    const std::string device =
        std::to_string(major(identity.device)) + ":" + std::to_string(minor(identity.device));
    std::optional<mount> same_device;
    for (mount& candidate : parse_mountinfo(*text)) {
        if (candidate.id == *identity.mount_id) return std::move(candidate);
        if (candidate.device == device) same_device = std::move(candidate);
    }
    return same_device;
}

finding unreadable(std::string sentence) {
    return {obstacle::storage_unreadable, std::move(sentence),
            "see what `findmnt` and `lsblk` say of it"};
}

void look_behind_file(const host_files& files, const path_identity& identity, backing& found) {
    const auto on = find_mount(files, identity);
    if (!on) {
        found.obstacle = unreadable("the file system of " + identity.path + " is not to be found");
        return;
    }
    found.file_system = on->type;
    found.mount_point = on->mount_point;
    found.obstacle = file_system_obstacle(files, *on, found.block_device);
}

}  // namespace

result<path_identity> identify(const std::string& path) {
    struct statx info{};
    constexpr unsigned wanted = STATX_TYPE | STATX_MNT_ID;
    if (::statx(AT_FDCWD, path.c_str(), AT_STATX_SYNC_AS_STAT, wanted, &info) != 0)
        return error_code(errno, boost::system::system_category());

    path_identity identity{.path = path, .kind = kind_of(info.stx_mode), .mount_id = {}};
    identity.device = identity.kind == path_kind::block_device
                          ? makedev(info.stx_rdev_major, info.stx_rdev_minor)
                          : makedev(info.stx_dev_major, info.stx_dev_minor);
    if (info.stx_mask & STATX_MNT_ID) identity.mount_id = info.stx_mnt_id;
    return identity;
}

result<path_identity> identify_target(const std::string& path) {
    auto identity = identify(path);
    if (identity || identity.error() != boost::system::errc::no_such_file_or_directory)
        return identity;

    const auto parent = std::filesystem::path(path).parent_path();
    identity = identify(parent.empty() ? "." : parent.string());
    if (identity) identity->path = path;
    return identity;
}

backing find_backing(const host_files& files, const machine& in, const path_identity& identity) {
    backing found;
    found.path = identity.path;
    found.raw_device = identity.kind == path_kind::block_device;
    if (identity.kind == path_kind::other) {
        found.obstacle =
            finding{obstacle::not_storage, identity.path + " is neither a file nor a block device",
                    "name a file or a block device"};
        return found;
    }

    const auto device = find_block_device(files, identity.device);
    if (device) {
        found.block_device = device->name;
        found.disk = device->disk;
    }
    if (!found.raw_device) look_behind_file(files, identity, found);
    if (found.obstacle) return found;

    if (!device) {
        found.obstacle =
            unreadable("the block device behind " + identity.path + " is not listed in sysfs");
        return found;
    }
    disk_reach reach = reach_disk(files, in, device->disk);
    found.controllers = std::move(reach.controllers);
    found.obstacle = std::move(reach.obstacle);
    return found;
}

}  // namespace peerpress::io::topology
