// A block device over a file, for as long as this lives. Takes root and a kernel with loop devices:
// where there is none, available() is false and a test skips itself.
#pragma once

#include "io/unique_fd.hpp"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace peerpress::test {

class loop_device {
public:
    explicit loop_device(const std::filesystem::path& image) {
        const io::unique_fd control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
        const io::unique_fd file(::open(image.c_str(), O_RDWR | O_CLOEXEC));
        if (!control || !file) return;
        // Another test may take the number that was found free.
        for (int attempt = 0; attempt < 20 && !loop_; ++attempt) {
            const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
            if (number < 0) return;
            path_ = "/dev/loop" + std::to_string(number);
            io::unique_fd loop(::open(path_.c_str(), O_RDWR | O_CLOEXEC));
            if (loop && ::ioctl(loop.get(), LOOP_SET_FD, file.get()) == 0) loop_ = std::move(loop);
        }
    }
    loop_device(const loop_device&) = delete;
    loop_device& operator=(const loop_device&) = delete;
    ~loop_device() {
        if (loop_) ::ioctl(loop_.get(), LOOP_CLR_FD, 0);
    }

    bool available() const { return static_cast<bool>(loop_); }
    const std::string& path() const { return path_; }

private:
    std::string path_;
    io::unique_fd loop_;
};

}  // namespace peerpress::test
