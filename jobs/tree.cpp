#include "jobs/tree.hpp"

#include "jobs/describe.hpp"
#include "jobs/path_rules.hpp"
#include "jobs/source.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace peerpress::jobs {
namespace {

bool is_dot(const char* name) {
    return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

tree_entry failed_entry(const std::string& root, std::string relative, int error_number) {
    problem error = describe_open_source(error_number, join(root, relative));
    return {
        .kind = entry_kind::problem, .relative = std::move(relative), .error = std::move(error)};
}

}  // namespace

tree_walk::tree_walk(std::shared_ptr<directory> root) : root_(std::move(root)) {}

tree_page tree_walk::next(std::size_t entries_max) {
    tree_page page;
    if (!std::exchange(started_, true)) descend("", page);
    while (!levels_.empty() && page.entries.size() < entries_max) {
        level& in = levels_.back();
        if (in.stream && in.subdirectories.size() < subdirectories_max) {
            read_some(in, entries_max - page.entries.size(), page);
        } else if (!in.subdirectories.empty()) {
            std::string relative = std::move(in.subdirectories.back());
            in.subdirectories.pop_back();
            descend(std::move(relative), page);
        } else {
            levels_.pop_back();
        }
    }
    page.ended = levels_.empty();
    return page;
}

void tree_walk::descend(std::string relative, tree_page& page) {
    io::unique_fd fd = open_beneath(root_->fd.get(), relative, O_RDONLY | O_DIRECTORY);
    DIR* const stream = fd ? ::fdopendir(fd.get()) : nullptr;
    if (stream == nullptr) {
        page.entries.push_back(failed_entry(root_->path, std::move(relative), errno));
        return;
    }
    fd.release();  // the stream owns it
    levels_.push_back({.relative = std::move(relative),
                       .stream = std::unique_ptr<DIR, close_stream>(stream),
                       .subdirectories = {}});
}

// Names come in hash order. Inodes lie in the order of their numbers, so that looking at them, and
// soon opening them, in that order reads the inode tables once.
void tree_walk::read_some(level& in, std::size_t names_max, tree_page& page) {
    std::vector<name> names;
    while (names.size() < names_max) {
        errno = 0;
        const dirent* const entry = ::readdir(in.stream.get());
        if (entry == nullptr) {
            if (errno != 0) page.entries.push_back(failed_entry(root_->path, in.relative, errno));
            break;
        }
        if (is_dot(entry->d_name) || is_temporary_name(entry->d_name)) continue;
        names.push_back({entry->d_ino, entry->d_name});
    }
    const bool ended = names.size() < names_max;
    std::sort(names.begin(), names.end(),
              [](const name& left, const name& right) { return left.inode < right.inode; });
    for (const name& found : names) classify(in, found, page);
    if (ended) in.stream.reset();
}

void tree_walk::classify(level& in, const name& found, tree_page& page) {
    std::string relative = join(in.relative, found.text);
    struct stat status{};
    if (::fstatat(::dirfd(in.stream.get()), found.text.c_str(), &status, AT_SYMLINK_NOFOLLOW) !=
        0) {
        // Removed since its name was read: as if it had been before.
        if (errno != ENOENT)
            page.entries.push_back(failed_entry(root_->path, std::move(relative), errno));
        return;
    }
    if (S_ISDIR(status.st_mode)) {
        in.subdirectories.push_back(std::move(relative));
        return;
    }
    const source_snapshot snapshot = snapshot_of(status);
    page.entries.push_back({.kind = S_ISREG(status.st_mode) ? entry_kind::file : entry_kind::other,
                            .relative = std::move(relative),
                            .size_bytes = snapshot.size_bytes,
                            .changed_ns = snapshot.changed_ns});
}

}  // namespace peerpress::jobs
