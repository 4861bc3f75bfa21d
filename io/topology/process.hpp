// What this process may have of the kernel: an io_uring, locked memory.
#pragma once

#include "io/asio.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace peerpress::io::topology {

struct process_facts {
    uid_t user = 0;
    error_code ring;                                // what came of asking for an io_uring
    std::optional<std::uint64_t> locked_bytes_max;  // RLIMIT_MEMLOCK; none: unlimited
};

process_facts read_process();

}  // namespace peerpress::io::topology
