// What the kernel counts for this process.
#pragma once

#include <cstdint>

namespace peerpress::server {

struct process_numbers {
    std::uint64_t resident_bytes = 0;
    double cpu_seconds = 0;
    std::uint64_t open_fds = 0;
};
process_numbers read_process_numbers();

double process_start_seconds();  // since 1970

}  // namespace peerpress::server
