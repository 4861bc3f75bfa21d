#include "io/unique_fd.hpp"

#include <unistd.h>

namespace peerpress::io {

unique_fd& unique_fd::operator=(unique_fd&& other) noexcept {
    if (this != &other) {
        const unique_fd closed(std::exchange(fd_, other.release()));
    }
    return *this;
}

unique_fd::~unique_fd() {
    // Not repeated on EINTR: Linux has released the descriptor by then, and another thread may own
    // its number. An error reported here would come too late; who needs to know has called fsync.
    if (fd_ >= 0) ::close(fd_);
}

}  // namespace peerpress::io
