#include "pipeline/packer.hpp"

#include "pipeline/chunk.hpp"

#include <cassert>
#include <cstdlib>
#include <cstring>
#include <new>

namespace peerpress::pipeline {
namespace {

bool is_aligned(const void* address, std::uint32_t block_bytes) {
    return reinterpret_cast<std::uintptr_t>(address) % block_bytes == 0;
}

}  // namespace

packer::packer(const io::alignment& alignment) : block_bytes_(pipeline::block_bytes(alignment)) {
    if (block_bytes_ > 1) carry_ = aligned_memory(block_bytes_, block_bytes_);
}

extent packer::pack(bytes_view data, bytes_span scratch, bool last) {
    const std::uint64_t start = end_bytes_ - carry_bytes_;
    end_bytes_ += data.size();

    // From where it lies, as far as it fills blocks; but the last block, if partial, needs room for
    // its padding.
    if (carry_bytes_ == 0 && is_aligned(data.data(), block_bytes_)) {
        const std::size_t whole_bytes = round_down(data.size(), block_bytes_);
        if (whole_bytes == data.size()) return {start, data};
        if (!last) {
            keep(data.subspan(whole_bytes));
            return {start, data.first(whole_bytes)};
        }
    }

    const std::size_t packed_bytes = carry_bytes_ + data.size();
    assert(round_up(packed_bytes, block_bytes_) <= scratch.size());
    if (carry_bytes_ > 0) std::memcpy(scratch.data(), carry_.span().data(), carry_bytes_);
    if (!data.empty() && data.data() != scratch.data() + carry_bytes_)
        std::memmove(scratch.data() + carry_bytes_, data.data(), data.size());
    if (last) return {start, pad(scratch, packed_bytes)};

    const std::size_t whole_bytes = round_down(packed_bytes, block_bytes_);
    keep(scratch.subspan(whole_bytes, packed_bytes - whole_bytes));
    return {start, scratch.first(whole_bytes)};
}

extent packer::finish() {
    if (carry_bytes_ == 0) return {end_bytes_, {}};
    const std::uint64_t start = end_bytes_ - carry_bytes_;
    return {start, pad(carry_.span(), carry_bytes_)};
}

void packer::keep(bytes_view partial_block) {
    carry_bytes_ = static_cast<std::uint32_t>(partial_block.size());
    if (carry_bytes_ > 0) std::memcpy(carry_.span().data(), partial_block.data(), carry_bytes_);
}

bytes_view packer::pad(bytes_span packed, std::size_t packed_bytes) {
    const std::size_t padded_bytes = round_up(packed_bytes, block_bytes_);
    if (padded_bytes > packed_bytes) {
        std::memset(packed.data() + packed_bytes, 0, padded_bytes - packed_bytes);
        padded_ = true;
    }
    carry_bytes_ = 0;
    return packed.first(padded_bytes);
}

}  // namespace peerpress::pipeline
