// Turns pieces of output of any length into writes that a direct target takes: aligned in offset,
// address and length. Pure: it moves bytes in memory and says what to write where.
//
// Between two writes lies at most one partial block, the carry. Where a piece starts on a block it
// is written from where it lies; else it is moved behind the carry in a scratch buffer of its
// caller's (a chunk brings the half of its slot that it no longer needs), so that packing costs no
// memory of its own. The last block is padded with zeros; the caller truncates the target to
// bytes() afterwards.
#pragma once

#include "io/bytes.hpp"
#include "io/storage.hpp"
#include "pipeline/aligned_memory.hpp"

#include <cstddef>
#include <cstdint>

namespace peerpress::pipeline {

// A piece of the target and what to write there. Empty where there is nothing to write yet.
struct extent {
    std::uint64_t offset_bytes = 0;
    bytes_view from;
};

class packer {
public:
    explicit packer(const io::alignment& alignment);

    // Appends `data`, and pads where it is the last piece. `scratch` is aligned, holds
    // scratch_bytes(data.size()) and lives until the extent is written, as `data` does.
    extent pack(bytes_view data, bytes_span scratch, bool last = false);
    std::size_t scratch_bytes(std::size_t data_bytes) const {
        return data_bytes + std::size_t{2} * block_bytes_;
    }

    // Where in `scratch` a piece may be produced so that pack() need not move it.
    bytes_span room(bytes_span scratch) const { return scratch.subspan(carry_bytes_); }

    // The carry, padded; from memory of the packer's own.
    extent finish();

    std::uint64_t bytes() const { return end_bytes_; }  // packed so far
    bool padded() const { return padded_; }             // more was written than bytes()

private:
    void keep(bytes_view partial_block);
    bytes_view pad(bytes_span packed, std::size_t packed_bytes);

    std::uint32_t block_bytes_;
    std::uint64_t end_bytes_ = 0;
    std::uint32_t carry_bytes_ = 0;
    bool padded_ = false;
    aligned_memory carry_;
};

}  // namespace peerpress::pipeline
