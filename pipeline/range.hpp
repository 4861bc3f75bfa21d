// Where a part of the data lies in a compressed file.
#pragma once

#include "io/storage.hpp"
#include "pipeline/transfer.hpp"

#include <cstdint>

namespace peerpress::pipeline {

// A run of members, and the part of their data that is wanted. All of a source by default.
struct source_part {
    static constexpr std::uint64_t everything = ~std::uint64_t{0};

    std::uint64_t start_bytes = 0;  // in the source
    std::uint64_t end_bytes = everything;
    std::uint64_t members_before = 0;
    std::uint64_t data_skip_bytes = 0;  // of the first member's data
    std::uint64_t data_bytes = everything;
};

// Empty (start is end) where the range lies behind the data. Throws system_error
// (range_unsupported).
awaitable<source_part> find_range(io::storage& source, decompress_options::byte_range range);

}  // namespace peerpress::pipeline
