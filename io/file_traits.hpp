// Finds out what a descriptor can do.
#pragma once

#include "io/file.hpp"
#include "io/storage.hpp"

namespace peerpress::io {

// Of a regular file. Turns O_DIRECT on where it is wanted and can be had, and off where not. Throws
// system_error.
storage_traits regular_file_traits(int fd, caching caching);

// Of anything else, and of a regular file that is used as a stream.
storage_traits stream_traits();

}  // namespace peerpress::io
