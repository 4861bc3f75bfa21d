// A directory of a test's own, removed with everything in it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace peerpress::test {

class temp_dir {
public:
    // By default under the build directory: a real file system, where O_DIRECT can be had, unlike
    // many a /tmp.
    explicit temp_dir(const std::filesystem::path& under = PEERPRESS_TEST_DIR) {
        std::filesystem::create_directories(under);
        std::string pattern = (under / "test-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp " + pattern);
        path_ = pattern;
    }
    temp_dir(const temp_dir&) = delete;
    temp_dir& operator=(const temp_dir&) = delete;
    ~temp_dir() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    const std::filesystem::path& path() const { return path_; }
    std::filesystem::path operator/(std::string_view name) const { return path_ / name; }

private:
    std::filesystem::path path_;
};

}  // namespace peerpress::test
