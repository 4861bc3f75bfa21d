// Where a test has its files that acts as an ordinary user: below the build directory, unless such
// a user cannot get there because the tree lies in root's home.
#pragma once

#include <unistd.h>

#include <filesystem>

namespace peerpress::test {

inline std::filesystem::path everyones_place() {
    namespace fs = std::filesystem;
    const fs::path place = PEERPRESS_TEST_DIR;
    if (::geteuid() != 0) return place;
    for (fs::path above = place; above != above.root_path(); above = above.parent_path()) {
        std::error_code ignored;
        const fs::file_status status = fs::status(above, ignored);
        const bool closed = (status.permissions() & fs::perms::others_exec) == fs::perms::none;
        if (fs::is_directory(status) && closed) return "/var/tmp";
    }
    return place;
}

}  // namespace peerpress::test
