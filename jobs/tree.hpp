// Walks a directory tree page by page, depth first, never through a symbolic link.
//
// What it holds is bounded whatever the tree is: one page, and per level at most so many names of
// subdirectories still to be visited. Blocking calls: made by the opener's threads, one at a time.
#pragma once

#include "io/unique_fd.hpp"
#include "jobs/directory.hpp"
#include "jobs/reason.hpp"

#include <dirent.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace peerpress::jobs {

enum class entry_kind {
    file,
    other,    // symbolic link, FIFO, socket, device: passed over
    problem,  // a directory that cannot be read
};

struct tree_entry {
    entry_kind kind = entry_kind::file;
    std::string relative = {};  // to the root
    std::uint64_t size_bytes = 0;
    std::int64_t changed_ns = 0;
    problem error = {};
};

struct tree_page {
    std::vector<tree_entry> entries;
    bool ended = false;
};

class tree_walk {
public:
    explicit tree_walk(std::shared_ptr<directory> root);

    // The next entries, at most about `entries_max`; none of them a directory. An empty page is not
    // yet the end.
    tree_page next(std::size_t entries_max);

private:
    struct close_stream {
        void operator()(DIR* stream) const { ::closedir(stream); }
    };
    struct level {
        std::string relative;
        std::unique_ptr<DIR, close_stream> stream;  // null once it was read to its end
        std::vector<std::string> subdirectories;
    };
    struct name {
        ino_t inode = 0;
        std::string text;
    };

    static constexpr std::size_t subdirectories_max = 1024;

    void descend(std::string relative, tree_page& page);
    void read_some(level& in, std::size_t names_max, tree_page& page);
    void classify(level& in, const name& found, tree_page& page);

    std::shared_ptr<directory> root_;
    std::vector<level> levels_;
    bool started_ = false;
};

}  // namespace peerpress::jobs
