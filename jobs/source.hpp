// Opening a source so that nothing but a regular file is ever read, and telling whether it changed
// meanwhile. Blocking calls: made by the opener's threads.
#pragma once

#include "io/unique_fd.hpp"
#include "jobs/gate.hpp"
#include "jobs/job_spec.hpp"
#include "jobs/path_rules.hpp"

#include <sys/stat.h>

#include <cstdint>

namespace peerpress::jobs {

// What a file was when it was opened. The change time is in it because a program can set the
// modification time back, but not that.
struct source_snapshot {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t size_bytes = 0;
    std::int64_t modified_ns = 0;
    std::int64_t changed_ns = 0;

    bool operator==(const source_snapshot&) const = default;
};

source_snapshot snapshot_of(const struct stat& status);

// A regular file that is no longer what it was.
bool changed_since(const source_snapshot& opened, int fd);

struct opened_source {
    problem error = {};  // reason::none where the rest is good
    io::unique_fd fd = {};
    source_snapshot snapshot = {};
};

// Below `at.root` no symbolic link is followed, whatever happens to the tree meanwhile. `root_fd`
// is the opened root where at.relative is not empty. Never waits for a FIFO's other end.
opened_source open_source(const place& at, int root_fd, bool follow_symlinks,
                          const gate& through = {});

// Why this is no source; none for a regular file.
problem objection_to_type(mode_t mode, const std::string& path);

// openat2 below an opened directory: no symbolic link, no way out. Sets errno.
io::unique_fd open_beneath(int root_fd, const std::string& relative, int flags);

}  // namespace peerpress::jobs
