#include "io/file_traits.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>
#include <string>

namespace peerpress::io {

namespace {

// Where the kernel does not tell (STATX_DIOALIGN: Linux 6.1, and not every file system): no block
// device in use has larger logical blocks, and 4096 suits the smaller ones too.
constexpr alignment safe_alignment{.memory_bytes = 4096, .offset_bytes = 4096};

[[noreturn]] void fail(const char* what) {
    throw system_error{errno, boost::system::system_category(), what};
}

std::string file_system_name(long magic) {
    switch (static_cast<unsigned long>(magic)) {
        case TMPFS_MAGIC:
            return "tmpfs";
        case RAMFS_MAGIC:
            return "ramfs";
        case EXT4_SUPER_MAGIC:
            return "ext4";
        case XFS_SUPER_MAGIC:
            return "xfs";
        case BTRFS_SUPER_MAGIC:
            return "btrfs";
        case NFS_SUPER_MAGIC:
            return "nfs";
        case FUSE_SUPER_MAGIC:
            return "fuse";
        case OVERLAYFS_SUPER_MAGIC:
            return "overlayfs";
        case PROC_SUPER_MAGIC:
            return "procfs";
        case SYSFS_MAGIC:
            return "sysfs";
        case V9FS_MAGIC:
            return "9p";
        case 0x2fc12fc1:
            return "zfs";
        case 0xff534d42:
            return "cifs";
        default:
            return "the file system";
    }
}

struct file_facts {
    std::string file_system;
    bool lives_in_memory = false;
    bool tells_alignment = false;
    bool takes_direct = true;  // as far as statx tells
    io::alignment alignment = safe_alignment;
};

file_facts ask_kernel(int fd) {
    file_facts facts;
    struct statfs file_system{};
    if (::fstatfs(fd, &file_system) != 0) fail("fstatfs");
    facts.file_system = file_system_name(file_system.f_type);
    facts.lives_in_memory = file_system.f_type == TMPFS_MAGIC || file_system.f_type == RAMFS_MAGIC;

    struct statx status{};
    if (::statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &status) != 0)
        return facts;  // a seccomp filter, say
    if ((status.stx_mask & STATX_DIOALIGN) == 0) return facts;
    facts.tells_alignment = true;
    facts.takes_direct = status.stx_dio_offset_align != 0;
    if (facts.takes_direct)
        facts.alignment = {status.stx_dio_mem_align, status.stx_dio_offset_align};
    return facts;
}

// Empty where O_DIRECT has been turned on, else why it could not be.
std::string turn_direct_on(int fd, int flags, const file_facts& facts) {
    // tmpfs takes the flag since Linux 6.6 and ignores it.
    if (facts.lives_in_memory) return facts.file_system + " keeps its files in memory";
    if (!facts.takes_direct) return facts.file_system + " does not take O_DIRECT for this file";
    if (::fcntl(fd, F_SETFL, flags | O_DIRECT) == 0) return {};
    if (errno == EINVAL) return facts.file_system + " does not take O_DIRECT";
    fail("fcntl(F_SETFL, O_DIRECT)");
}

}  // namespace

storage_traits regular_file_traits(int fd, caching caching) {
    struct stat status{};
    if (::fstat(fd, &status) != 0) fail("fstat");
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0) fail("fcntl(F_GETFL)");

    storage_traits traits;
    traits.size_bytes = static_cast<std::uint64_t>(status.st_size);
    if (caching != caching::buffered) {
        const file_facts facts = ask_kernel(fd);
        traits.buffered_reason = turn_direct_on(fd, flags, facts);
        traits.direct = traits.buffered_reason.empty();
        if (traits.direct) traits.alignment = facts.alignment;
    } else {
        traits.buffered_reason = "buffered I/O was asked for";
    }
    // It may have been opened with O_DIRECT by somebody else.
    if (!traits.direct && (flags & O_DIRECT) != 0 && ::fcntl(fd, F_SETFL, flags & ~O_DIRECT) != 0)
        fail("fcntl(F_SETFL)");
    return traits;
}

storage_traits stream_traits() {
    storage_traits traits;
    traits.seekable = false;
    traits.buffered_reason = "it is a stream";
    return traits;
}

}  // namespace peerpress::io
