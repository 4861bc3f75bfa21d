#include "pipeline/copy_plan.hpp"

#include <algorithm>

namespace peerpress::pipeline {

copy_plan::copy_plan(const copy_options& options, std::uint32_t chunk_bytes,
                     std::uint64_t length_bytes, clock::time_point start)
    : chunk_bytes_(chunk_bytes),
      length_bytes_(length_bytes),
      overlap_(options.overlap),
      chunks_(options.chunks) {
    if (options.repeat_for) until_ = start + *options.repeat_for;
    // Without content there is nothing to begin again with.
    if (length_bytes == 0) ended_ = true;
    if (!options.holes.empty()) cut_out(options.holes);
}

void copy_plan::cut_out(const std::vector<io::byte_range>& holes) {
    holes_ = true;
    std::uint64_t at = 0;
    const auto take_until = [this, &at](std::uint64_t end) {
        if (end > at) {
            between_holes_.push_back({.offset_bytes = at, .length_bytes = end - at});
            chunks_between_holes_ += chunks_of(end - at);
        }
    };
    for (const io::byte_range& hole : holes) {
        take_until(hole.offset_bytes);
        at = hole.offset_bytes + hole.length_bytes;
    }
    take_until(length_bytes_);
}

copy_chunk copy_plan::next_between_holes() {
    io::byte_range& part = between_holes_.front();
    const std::uint64_t bytes = std::min<std::uint64_t>(part.length_bytes, chunk_bytes_);
    const copy_chunk chunk{.index = next_++,
                           .offset_bytes = part.offset_bytes,
                           .length_bytes = static_cast<std::uint32_t>(bytes)};
    part.offset_bytes += bytes;
    part.length_bytes -= bytes;
    if (part.length_bytes == 0) between_holes_.pop_front();
    return chunk;
}

std::optional<copy_chunk> copy_plan::next(clock::time_point now) {
    if (ended_ || next_ >= chunks_max() || (until_ && now >= *until_)) return std::nullopt;
    if (holes_) return next_between_holes();
    const std::uint64_t index = next_++;
    const std::uint64_t in_pass = overlap_ || !length_known() ? 0 : index % chunks_in_pass();
    copy_chunk chunk{.index = index, .offset_bytes = in_pass * chunk_bytes_, .length_bytes = {}};
    if (!length_known()) chunk.offset_bytes = index * chunk_bytes_;
    const std::uint64_t left_bytes = length_bytes_ - chunk.offset_bytes;
    chunk.length_bytes =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(left_bytes, chunk_bytes_));
    return chunk;
}

std::uint64_t copy_plan::reach_bytes() const {
    if (!length_known() || holes_) return length_bytes_;
    const std::uint64_t chunks = overlap_ ? 1 : std::min(chunks_max(), chunks_in_pass());
    if (chunks == chunks_in_pass()) return length_bytes_;
    return std::min(chunks * chunk_bytes_, length_bytes_);
}

std::uint64_t copy_plan::chunks_max() const {
    if (holes_) return chunks_between_holes_;
    if (chunks_) return *chunks_;
    if (until_ || !length_known()) return unknown_length;
    return std::max<std::uint64_t>(chunks_in_pass(), 1);
}

std::uint64_t copy_plan::chunks_in_pass() const {
    return chunks_of(length_bytes_);
}

std::uint64_t copy_plan::chunks_of(std::uint64_t bytes) const {
    return bytes / chunk_bytes_ + (bytes % chunk_bytes_ > 0 ? 1 : 0);
}

}  // namespace peerpress::pipeline
