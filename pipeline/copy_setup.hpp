// What a copy makes of its options, or why they do not fit the slots, the storages or each other.
#pragma once

#include "io/bytes.hpp"
#include "pipeline/copy.hpp"

#include <cstdint>

namespace peerpress::pipeline {

struct copy_setup {
    std::uint32_t source_block_bytes = 1;
    std::uint32_t target_block_bytes = 1;
    std::uint32_t bounce_alignment_bytes = 4096;
    std::uint32_t chunk_bytes = 0;
    std::uint32_t depth = 1;
    std::uint64_t length_bytes = 0;  // or copy_plan::unknown_length
};

// Throws system_error as pipeline::copy does.
copy_setup set_up_copy(const copy_route& route, const copy_options& options);

// Content for slots that nothing is read into: no codec makes it smaller, no two pages are equal.
void write_pattern(bytes_span slot);

}  // namespace peerpress::pipeline
