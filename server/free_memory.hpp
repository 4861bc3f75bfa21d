// Memory that was freed and that malloc keeps. A burst of calls (of such that are taken back at
// once above all) leaves hundreds of megabytes of it in pieces, which nothing later uses up.
#pragma once

#include <cstddef>

namespace peerpress::server {

// Gives it back to the kernel where there is more than `kept_bytes_max`. Takes some milliseconds
// then, and microseconds else.
void give_back_free_memory(std::size_t kept_bytes_max = 64 << 20);

}  // namespace peerpress::server
