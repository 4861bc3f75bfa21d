// Descriptors to test with. All throw system_error.
#pragma once

#include "io/asio.hpp"
#include "io/bytes.hpp"
#include "io/unique_fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <vector>

namespace peerpress::test {

inline int checked(int rc, const char* what) {
    if (rc < 0) throw system_error{errno, boost::system::system_category(), what};
    return rc;
}

inline io::unique_fd open_file(const std::filesystem::path& path, int flags = O_RDWR | O_CREAT) {
    return io::unique_fd(checked(::open(path.c_str(), flags | O_CLOEXEC, 0600), path.c_str()));
}

inline void write_file(const std::filesystem::path& path, bytes_view content) {
    const io::unique_fd fd = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
    while (!content.empty()) {
        const ssize_t written = ::write(fd.get(), content.data(), content.size());
        content =
            content.subspan(static_cast<std::size_t>(checked(static_cast<int>(written), "write")));
    }
}

inline std::vector<std::byte> read_file(const std::filesystem::path& path) {
    const io::unique_fd fd = open_file(path, O_RDONLY);
    std::vector<std::byte> content(std::filesystem::file_size(path));
    std::size_t done = 0;
    while (done < content.size()) {
        const ssize_t got = ::read(fd.get(), content.data() + done, content.size() - done);
        if (checked(static_cast<int>(got), "read") == 0) break;
        done += static_cast<std::size_t>(got);
    }
    content.resize(done);
    return content;
}

struct pipe_ends {
    io::unique_fd read;
    io::unique_fd write;
};
inline pipe_ends make_pipe(int flags = 0) {
    std::array<int, 2> ends{};
    checked(::pipe2(ends.data(), flags | O_CLOEXEC), "pipe2");
    return {io::unique_fd(ends[0]), io::unique_fd(ends[1])};
}

}  // namespace peerpress::test
