// One piece of anonymous memory on the largest pages that can be had. Not touched until it is used.
#pragma once

#include "io/bytes.hpp"

#include <cstddef>
#include <string>

namespace peerpress::io {

enum class page_kind { small, transparent_huge, huge };

// "4 KiB pages", "transparent huge pages", "huge pages (2 MiB)".
const std::string& page_kind_name(page_kind kind);

class host_memory {
public:
    // Tries `best` first, then what is smaller. Throws system_error (ENOMEM).
    explicit host_memory(std::size_t size_bytes, page_kind best = page_kind::huge);
    host_memory(const host_memory&) = delete;
    host_memory& operator=(const host_memory&) = delete;
    ~host_memory();

    bytes_span bytes() const { return bytes_; }
    page_kind kind() const { return kind_; }

private:
    bool map(page_kind kind, std::size_t size_bytes);

    bytes_span mapping_;  // what munmap gets
    bytes_span bytes_;
    page_kind kind_ = page_kind::small;
};

}  // namespace peerpress::io
