#include "jobs/gate.hpp"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace peerpress::jobs {
namespace {

constexpr int way_flags = O_PATH | O_CLOEXEC;

struct named {
    std::string directory;
    std::string name;
};

named split(const std::string& path) {
    const std::size_t end = path.find_last_not_of('/');
    const std::string whole = path.substr(0, end == std::string::npos ? 0 : end + 1);
    const std::size_t slash = whole.rfind('/');
    if (slash == std::string::npos) return {".", whole};
    return {slash == 0 ? "/" : whole.substr(0, slash), whole.substr(slash + 1)};
}

io::unique_fd open_at(int at, const std::string& path, int flags, mode_t mode,
                      std::uint64_t resolve) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(flags);
    how.mode = mode;
    how.resolve = resolve;
    // RESOLVE_BENEATH gives up with EAGAIN when something is renamed while it looks.
    for (int attempt = 0;; ++attempt) {
        const long fd = ::syscall(SYS_openat2, at, path.c_str(), &how, sizeof how);
        if (fd >= 0 || errno != EAGAIN || attempt == 100)
            return io::unique_fd(static_cast<int>(fd));
    }
}

bool lies_in(std::string_view path, const std::string& directory) {
    return path.starts_with(directory) &&
           (path.size() == directory.size() || path[directory.size()] == '/');
}

bool refuse() {
    errno = EXDEV;
    return false;
}

}  // namespace

io::unique_fd gate::resolve(const std::string& path, int flags, mode_t mode) const {
    if (!guarded_) return io::unique_fd(::open(path.c_str(), flags, mode));
    if (!by_.roots) return open_at(AT_FDCWD, path, flags, mode, RESOLVE_NO_MAGICLINKS);
    const auto place = by_.roots->find(path);
    if (!place) {
        refuse();
        return {};
    }
    return open_at(place->fd, place->relative, flags, mode,
                   RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
}

io::unique_fd gate::open(const std::string& path, int flags, mode_t mode) const {
    io::unique_fd fd = resolve(path, flags, mode);
    if (fd && !admits(fd.get())) return {};
    return fd;
}

bool gate::status(const std::string& path, bool follow_symlink, struct stat& into) const {
    if (!guarded_)
        return ::fstatat(AT_FDCWD, path.c_str(), &into, follow_symlink ? 0 : AT_SYMLINK_NOFOLLOW) ==
               0;
    const io::unique_fd fd = open(path, way_flags | (follow_symlink ? 0 : O_NOFOLLOW));
    return fd && ::fstat(fd.get(), &into) == 0;
}

bool gate::make_directory(const std::string& path, mode_t mode) const {
    if (!guarded_) return ::mkdir(path.c_str(), mode) == 0;
    const named at = split(path);
    const io::unique_fd in = open(at.directory, way_flags | O_DIRECTORY);
    return in && ::mkdirat(in.get(), at.name.c_str(), mode) == 0;
}

bool gate::remove(const std::string& path) const {
    if (!guarded_) return ::unlink(path.c_str()) == 0;
    const named at = split(path);
    const io::unique_fd in = open(at.directory, way_flags | O_DIRECTORY);
    return in && ::unlinkat(in.get(), at.name.c_str(), 0) == 0;
}

bool gate::admits(int fd) const {
    if (!guarded_) return true;
    // What /proc shows to one of the server's own threads is not for whoever it acts for.
    struct statfs file_system{};
    if (::fstatfs(fd, &file_system) != 0) return false;
    if (file_system.f_type == PROC_SUPER_MAGIC) return refuse();
    if (by_.out_of_bounds.empty()) return true;

    std::array<char, PATH_MAX> path{};
    const std::string link = "/proc/self/fd/" + std::to_string(fd);
    const ssize_t bytes = ::readlink(link.c_str(), path.data(), path.size());
    if (bytes < 0) return false;
    const std::string_view real(path.data(), static_cast<std::size_t>(bytes));
    for (const std::string& directory : by_.out_of_bounds)
        if (lies_in(real, directory)) return refuse();
    return true;
}

std::string gate::root_of(const std::string& path) const {
    if (!by_.roots) return {};
    const auto place = by_.roots->find(path);
    return place ? place->root : std::string();
}

}  // namespace peerpress::jobs
