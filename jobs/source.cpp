#include "jobs/source.hpp"

#include "jobs/describe.hpp"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace peerpress::jobs {
namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;

std::int64_t nanoseconds(const timespec& time) {
    return time.tv_sec * ns_per_s + time.tv_nsec;
}

// Opening a device can do things to it (rewind a tape), so that a look at the name comes first; the
// opened file is looked at again, since the name may have been given to another meanwhile.
problem objection_to_name(const std::string& path, bool follow_symlinks, const gate& through) {
    struct stat status{};
    if (!through.status(path, follow_symlinks, status)) return describe_open_source(errno, path);
    return objection_to_type(status.st_mode, path);
}

io::unique_fd open_named(const std::string& path, bool follow_symlinks, const gate& through) {
    // Without O_NONBLOCK a FIFO that slips in between would hold this thread for ever.
    const int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    return through.open(path, flags | (follow_symlinks ? 0 : O_NOFOLLOW));
}

// io_uring takes O_NONBLOCK on a regular file as "fail rather than wait for the device".
bool make_blocking(int fd) {
    const int flags = ::fcntl(fd, F_GETFL);
    return flags >= 0 && ::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == 0;
}

}  // namespace

source_snapshot snapshot_of(const struct stat& status) {
    return {.device = status.st_dev,
            .inode = status.st_ino,
            .size_bytes = static_cast<std::uint64_t>(status.st_size),
            .modified_ns = nanoseconds(status.st_mtim),
            .changed_ns = nanoseconds(status.st_ctim)};
}

bool changed_since(const source_snapshot& opened, int fd) {
    struct stat now{};
    return ::fstat(fd, &now) == 0 && S_ISREG(now.st_mode) && snapshot_of(now) != opened;
}

problem objection_to_type(mode_t mode, const std::string& path) {
    switch (mode & S_IFMT) {
        case S_IFREG:
            return {};
        case S_IFDIR:
            return {reason::source_is_directory, path + " is a directory"};
        case S_IFLNK:
            return {reason::source_is_symlink,
                    path + " is a symbolic link (--follow takes what it points to)"};
        case S_IFIFO:
            return {reason::source_not_regular, path + " is a FIFO, not a regular file"};
        case S_IFSOCK:
            return {reason::source_not_regular, path + " is a socket, not a regular file"};
        default:
            return {reason::source_not_regular, path + " is a device, not a regular file"};
    }
}

io::unique_fd open_beneath(int root_fd, const std::string& relative, int flags) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags) | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    const char* const name = relative.empty() ? "." : relative.c_str();
    // RESOLVE_BENEATH gives up with EAGAIN when something is renamed while it looks.
    for (int attempt = 0;; ++attempt) {
        const long fd = ::syscall(SYS_openat2, root_fd, name, &how, sizeof(how));
        if (fd >= 0 || errno != EAGAIN || attempt == 100)
            return io::unique_fd(static_cast<int>(fd));
    }
}

opened_source open_source(const place& at, int root_fd, bool follow_symlinks, const gate& through) {
    const std::string path = at.path();
    const bool named_itself = at.relative.empty();
    if (named_itself)
        if (problem objection = objection_to_name(path, follow_symlinks, through))
            return {.error = std::move(objection)};

    opened_source opened;
    opened.fd = named_itself ? open_named(path, follow_symlinks, through)
                             : open_beneath(root_fd, at.relative, O_RDONLY | O_NOCTTY | O_NONBLOCK);
    struct stat status{};
    if (!opened.fd || !through.admits(opened.fd.get()) || ::fstat(opened.fd.get(), &status) != 0)
        return {.error = describe_open_source(errno, path)};
    if (problem objection = objection_to_type(status.st_mode, path))
        return {.error = std::move(objection)};
    if (!make_blocking(opened.fd.get())) return {.error = describe_open_source(errno, path)};
    opened.snapshot = snapshot_of(status);
    return opened;
}

}  // namespace peerpress::jobs
