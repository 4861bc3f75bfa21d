// What the process was given, for those who have to keep within it.
#pragma once

#include <sys/types.h>

#include <cstdint>

namespace peerpress::jobs {

// Read without changing it, unlike umask(2).
mode_t process_umask();

// How many descriptors may be open at once.
std::uint64_t open_files_max();

}  // namespace peerpress::jobs
