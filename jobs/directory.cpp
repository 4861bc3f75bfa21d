#include "jobs/directory.hpp"

#include "jobs/source.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace peerpress::jobs {
namespace {

constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;

error_code last_error() {
    return {errno, boost::system::system_category()};
}

}  // namespace

directory_cache::directory_cache(std::function<void(directory&)> on_open, const gate& through)
    : on_open_(std::move(on_open)), through_(through) {}

const gate& directory_cache::open_gate() {
    static const gate open;
    return open;
}

result<std::shared_ptr<directory>> directory_cache::adopt(io::unique_fd fd,
                                                          std::string path) const {
    struct stat status{};
    if (!fd || !through_.admits(fd.get()) || ::fstat(fd.get(), &status) != 0) return last_error();
    auto opened = std::make_shared<directory>();
    opened->fd = std::move(fd);
    opened->path = std::move(path);
    opened->device = status.st_dev;
    opened->inode = status.st_ino;
    return opened;
}

// A private tree stays private in its mirror; we have to write into it all the same.
mode_t directory_cache::mirrored_mode(const output_place& at, const std::string& relative) const {
    std::string source = relative;
    for (std::size_t count = at.unmirrored_components; count > 0; --count) {
        const std::size_t slash = source.find('/');
        source = slash == std::string::npos ? std::string() : source.substr(slash + 1);
    }
    struct stat status{};
    if (!through_.status(join(at.mirrored_root, source), true, status)) return 0777;
    return (status.st_mode & 0777) | 0700;
}

result<std::shared_ptr<directory>> directory_cache::root(const std::string& path,
                                                         bool follow_symlinks) {
    const std::lock_guard lock(mutex_);
    const std::string key = std::string(follow_symlinks ? "F" : "S") + path;
    if (auto known = find(key)) return known;
    const int flags = directory_flags | (follow_symlinks ? 0 : O_NOFOLLOW);
    auto opened = adopt(through_.open(path, flags), path);
    if (!opened) return opened.error();
    return keep(key, *opened);
}

result<std::shared_ptr<directory>> directory_cache::open(const output_place& at) {
    const std::lock_guard lock(mutex_);
    return open_locked(at, at.directory.relative);
}

// Each directory on the way is kept too: all that lies below one that was made shares its entry's
// durability.
result<std::shared_ptr<directory>> directory_cache::open_locked(const output_place& at,
                                                                const std::string& relative) {
    // NUL cannot be in a path, so that no two places share a key.
    const std::string key = "O" + at.directory.root + '\0' + relative;
    if (auto known = find(key)) return known;
    auto opened = relative.empty()      ? open_root(at.directory.root, at.make_directories)
                  : at.make_directories ? make_below(at, relative)
                                        : open_below(at, relative);
    if (!opened) return opened.error();
    if (on_open_) on_open_(**opened);
    return keep(key, *opened);
}

result<std::shared_ptr<directory>> directory_cache::open_root(const std::string& path, bool make) {
    if (make && through_.make_directory(path, 0777)) made_roots_.insert(path);
    auto opened = adopt(through_.open(path, directory_flags), path);
    if (opened && made_roots_.contains(path)) {
        auto parent = adopt(io::unique_fd(::openat((*opened)->fd.get(), "..", directory_flags)),
                            path + "/..");
        if (!parent) return parent.error();
        (*opened)->parent = *parent;
        (*opened)->entry_durable = false;
    }
    return opened;
}

result<std::shared_ptr<directory>> directory_cache::open_below(const output_place& at,
                                                               const std::string& relative) {
    const auto root = open_locked(at, "");
    if (!root) return root.error();
    return adopt(open_beneath((*root)->fd.get(), relative, directory_flags),
                 join(at.directory.root, relative));
}

result<std::shared_ptr<directory>> directory_cache::make_below(const output_place& at,
                                                               const std::string& relative) {
    const std::size_t slash = relative.rfind('/');
    const bool nested = slash != std::string::npos;
    const std::string name = nested ? relative.substr(slash + 1) : relative;
    const auto parent = open_locked(at, nested ? relative.substr(0, slash) : "");
    if (!parent) return parent.error();

    const int parent_fd = (*parent)->fd.get();
    if (::mkdirat(parent_fd, name.c_str(), mirrored_mode(at, relative)) != 0 && errno != EEXIST)
        return last_error();
    auto opened =
        adopt(open_beneath(parent_fd, name, directory_flags), join(at.directory.root, relative));
    if (!opened) return opened.error();
    (*opened)->parent = *parent;
    // Also where it was there: an earlier attempt of ours, an earlier run or another job may have
    // made it and come no further.
    (*opened)->entry_durable = false;
    return opened;
}

std::shared_ptr<directory> directory_cache::find(const std::string& key) {
    for (auto at = entries_.begin(); at != entries_.end(); ++at) {
        if (at->first != key) continue;
        entries_.splice(entries_.begin(), entries_, at);
        return at->second;
    }
    return nullptr;
}

std::shared_ptr<directory> directory_cache::keep(std::string key,
                                                 std::shared_ptr<directory> opened) {
    entries_.emplace_front(std::move(key), opened);
    // One that has lost entries would come back as if it had not.
    if (entries_.size() > entries_max && entries_.back().second->sync_error == 0)
        entries_.pop_back();
    return opened;
}

}  // namespace peerpress::jobs
