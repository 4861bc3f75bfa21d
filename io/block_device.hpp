// Raw block devices behind the storage seam.
//
// Never buffered: a transfer that the kernel refuses fails. A device's size is fixed; truncate does
// nothing. What writes to one has made sure that nothing else uses it: the descriptor was opened
// O_EXCL, which the kernel grants for a device that is neither mounted nor held.
#pragma once

#include "io/storage.hpp"
#include "io/unique_fd.hpp"
#include "io/uring.hpp"

#include <memory>

namespace peerpress::io {

class raw_file;

// Takes over an open descriptor of a block device and turns O_DIRECT on. Throws system_error:
// ENOTBLK for anything else, ... The ring is borrowed.
std::unique_ptr<storage> open_block_device(uring& ring, unique_fd fd);

// What this makes of a device once its size and blocks are known; for tests, which script it.
std::unique_ptr<storage> make_device_storage(std::unique_ptr<raw_file> file, storage_traits traits);

}  // namespace peerpress::io
