// Files for tests: making them, reading them, and telling what changed in a directory.
#pragma once

#include "support/temp_dir.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>

namespace peerpress::test {

inline void write_file(const std::filesystem::path& path, std::string_view content) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out.write(content.data(), static_cast<std::streamsize>(content.size()));
    if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
}

inline std::string read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + path.string());
    return {std::istreambuf_iterator<char>(in), {}};
}

inline struct stat status_of(const std::filesystem::path& path) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) throw std::runtime_error("lstat " + path.string());
    return status;
}

// Every name below a directory with what it is: content, link target or kind. Compared before and
// after, it shows both what was lost and what was left behind.
inline std::map<std::string, std::string> listing(const std::filesystem::path& directory) {
    std::map<std::string, std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
        const std::filesystem::file_type type = entry.symlink_status().type();
        std::string what = "special";
        if (type == std::filesystem::file_type::symlink)
            what = "-> " + std::filesystem::read_symlink(entry).string();
        else if (type == std::filesystem::file_type::directory)
            what = "directory";
        else if (type == std::filesystem::file_type::regular)
            what = ::faccessat(AT_FDCWD, entry.path().c_str(), R_OK, AT_EACCESS) == 0
                       ? read_file(entry)
                       : "unreadable";
        names[entry.path().lexically_relative(directory).string()] = what;
    }
    return names;
}

// Root may do everything; within this scope the process may do what an ordinary user may.
class ordinary_user {
public:
    ordinary_user() : was_root_(::geteuid() == 0) {
        if (was_root_ && ::seteuid(nobody) != 0) throw std::runtime_error("seteuid");
    }
    ordinary_user(const ordinary_user&) = delete;
    ordinary_user& operator=(const ordinary_user&) = delete;
    ~ordinary_user() {
        if (was_root_ && ::seteuid(0) != 0) std::abort();
    }

private:
    static constexpr uid_t nobody = 65534;
    bool was_root_;
};

// Text that compresses, different for each seed.
inline std::string some_text(std::size_t bytes, unsigned seed = 1) {
    std::string text;
    std::uint32_t state = seed * 2654435761u + 1;
    while (text.size() < bytes) {
        state = state * 1664525u + 1013904223u;
        text += "line " + std::to_string(state >> 20) + " of some text\n";
    }
    text.resize(bytes);
    return text;
}

}  // namespace peerpress::test
