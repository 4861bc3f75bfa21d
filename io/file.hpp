// Regular files and pipes behind the storage seam, on io_uring.
#pragma once

#include "io/storage.hpp"
#include "io/uring.hpp"

#include <memory>

namespace peerpress::io {

// Owns a descriptor; closed on destruction.
class unique_fd {
public:
    unique_fd() = default;
    explicit unique_fd(int fd) : fd_(fd) {}
    unique_fd(unique_fd&& other) noexcept : fd_(other.release()) {}
    unique_fd& operator=(unique_fd&& other) noexcept;
    ~unique_fd();

    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }
    explicit operator bool() const { return fd_ >= 0; }

private:
    int fd_ = -1;
};

enum class caching {
    direct,    // O_DIRECT where the file system takes it, else buffered with the reason in traits()
    buffered,  // through the page cache
};

// Takes over an open descriptor (the lane gets descriptors, never paths) and finds out by fstat,
// statx (STATX_DIOALIGN) and fcntl what it can do. Throws system_error.
std::unique_ptr<storage> open_storage(uring& ring, unique_fd fd, caching caching);

}  // namespace peerpress::io
