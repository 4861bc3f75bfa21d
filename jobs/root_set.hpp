// The directories below which jobs may work, opened once: whoever renames or replaces one of them
// afterwards changes nothing.
#pragma once

#include "io/asio.hpp"
#include "io/unique_fd.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peerpress::jobs {

class root_set {
public:
    // Another process opens the files, and so the directories: find() knows their names alone.
    struct opened_elsewhere {};

    // Throws system_error with the path that cannot be opened. Paths are absolute.
    explicit root_set(const std::vector<std::string>& paths);
    root_set(const std::vector<std::string>& paths, opened_elsewhere);

    // As they were given, the longest first.
    std::vector<std::string> paths() const;

    struct place {
        int fd = -1;           // of the root
        std::string root;      // as it was configured
        std::string relative;  // to it; "." for itself
    };
    // By the names alone, the longest root first: whether `path` really stays below it is for
    // openat2 to see. nullopt: below none.
    std::optional<place> find(std::string_view path) const;

private:
    struct root {
        std::string path;
        io::unique_fd fd;  // empty: opened elsewhere
    };
    void sort();

    std::vector<root> roots_;
};

}  // namespace peerpress::jobs
