// Where paths that a caller wrote become descriptors: every one of them passes here.
//
// An open gate is the command line's: whoever runs it may follow any name. A guarded one serves
// somebody else: it follows no link of /proc, whose files and links would be the server's own,
// takes nothing from there, and nothing from directories that are out of bounds; where there are
// roots, it stays below them whatever symbolic links and ".." say. The names are looked up, and the
// files opened, with the calling thread's rights.
//
// All that fails sets errno; EXDEV stands for "not below what is served". Thread-safe.
#pragma once

#include "io/unique_fd.hpp"
#include "jobs/root_set.hpp"

#include <sys/stat.h>

#include <memory>
#include <string>
#include <vector>

namespace peerpress::jobs {

struct guard {
    std::shared_ptr<const root_set> roots = {};  // nullptr: everywhere
    // Directories, by the names that the kernel has for them (realpath).
    std::vector<std::string> out_of_bounds = {};
};

class gate {
public:
    gate() = default;  // open
    explicit gate(guard by) : guarded_(true), by_(std::move(by)) {}

    // As open(2). A guarded gate hands out no descriptor that admits() does not.
    io::unique_fd open(const std::string& path, int flags, mode_t mode = 0) const;
    bool status(const std::string& path, bool follow_symlink, struct stat& into) const;
    bool make_directory(const std::string& path, mode_t mode) const;
    bool remove(const std::string& path) const;

    // Is an opened file one that a caller may have? Asked of those, too, that were opened below a
    // directory from here.
    bool admits(int fd) const;

    // The root that a path lies below; empty where there are none.
    std::string root_of(const std::string& path) const;

private:
    io::unique_fd resolve(const std::string& path, int flags, mode_t mode) const;

    bool guarded_ = false;
    guard by_;
};

}  // namespace peerpress::jobs
