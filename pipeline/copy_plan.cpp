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
}

std::optional<copy_chunk> copy_plan::next(clock::time_point now) {
    if (ended_ || next_ >= chunks_max() || (until_ && now >= *until_)) return std::nullopt;
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
    if (!length_known()) return length_bytes_;
    const std::uint64_t chunks = overlap_ ? 1 : std::min(chunks_max(), chunks_in_pass());
    if (chunks == chunks_in_pass()) return length_bytes_;
    return std::min(chunks * chunk_bytes_, length_bytes_);
}

std::uint64_t copy_plan::chunks_max() const {
    if (chunks_) return *chunks_;
    if (until_ || !length_known()) return unknown_length;
    return std::max<std::uint64_t>(chunks_in_pass(), 1);
}

std::uint64_t copy_plan::chunks_in_pass() const {
    return length_bytes_ / chunk_bytes_ + (length_bytes_ % chunk_bytes_ > 0 ? 1 : 0);
}

}  // namespace peerpress::pipeline
