#include "server/free_memory.hpp"

#include <malloc.h>

namespace peerpress::server {

void give_back_free_memory(std::size_t kept_bytes_max) {
    if (::mallinfo2().fordblks > kept_bytes_max) ::malloc_trim(0);
}

}  // namespace peerpress::server
