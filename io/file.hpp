// Regular files and pipes behind the storage seam, on io_uring.
#pragma once

#include "io/storage.hpp"
#include "io/unique_fd.hpp"
#include "io/uring.hpp"

#include <memory>

namespace peerpress::io {

class raw_file;

enum class caching {
    direct,    // O_DIRECT where the file system takes it, else buffered with the reason in traits()
    buffered,  // through the page cache
    // The same as `direct`, except that a direct transfer which the kernel refuses fails, instead
    // of making the file buffered from then on: a refusal may be due to memory that is a device's.
    direct_or_fail,
    // The same as `direct`, for a new file that is written from its start on and without gaps: room
    // is made ahead, traits().size_bytes counts it, and whoever writes truncates in the end.
    direct_gapless,
};

// Takes over an open descriptor (the lane gets descriptors, never paths) and finds out by fstat,
// statx (STATX_DIOALIGN) and fcntl what it can do. Pipes, sockets and terminals become streams.
// Throws system_error: is_a_directory, operation_not_supported (a block device), ... The ring is
// borrowed. One storage may have many reads and writes under way at once; a stream one of each.
std::unique_ptr<storage> open_storage(uring& ring, unique_fd fd, caching caching);

// The same descriptor as a stream from its current position, whatever it is: standard input and
// output, where a regular file may be positioned in its middle or opened for appending.
std::unique_ptr<storage> open_stream(uring& ring, unique_fd fd);

// What these make of a descriptor once its traits are known; for tests, which script the file.
std::unique_ptr<storage> make_storage(std::unique_ptr<raw_file> file, storage_traits traits,
                                      caching caching = caching::direct);

}  // namespace peerpress::io
