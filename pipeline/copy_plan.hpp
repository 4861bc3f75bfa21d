// Which chunk of a copy comes next, and when there are no more. Pure: time is handed in.
#pragma once

#include "pipeline/copy.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>

namespace peerpress::pipeline {

struct copy_chunk {
    std::uint64_t index = 0;         // of all, counted up
    std::uint64_t offset_bytes = 0;  // from where source and target begin
    std::uint32_t length_bytes = 0;
};

class copy_plan {
public:
    static constexpr std::uint64_t unknown_length = std::numeric_limits<std::uint64_t>::max();
    using clock = std::chrono::steady_clock;

    // `length_bytes` may be unknown; then the caller says where it ended.
    copy_plan(const copy_options& options, std::uint32_t chunk_bytes, std::uint64_t length_bytes,
              clock::time_point start);

    std::optional<copy_chunk> next(clock::time_point now);
    // An error, or the end of a source of unknown length: no further chunk.
    void end() { ended_ = true; }

    // The furthest that chunks can come to lie from the beginning.
    std::uint64_t reach_bytes() const;

    bool length_known() const { return length_bytes_ != unknown_length; }
    // Chunks that next() will give at most; at least 1, but for what is all hole.
    std::uint64_t chunks_max() const;

private:
    std::uint64_t chunks_in_pass() const;
    std::uint64_t chunks_of(std::uint64_t bytes) const;
    void cut_out(const std::vector<io::byte_range>& holes);
    copy_chunk next_between_holes();

    std::uint32_t chunk_bytes_;
    std::uint64_t length_bytes_;
    bool overlap_;
    std::optional<std::uint64_t> chunks_;
    std::optional<clock::time_point> until_;
    bool holes_ = false;
    std::deque<io::byte_range> between_holes_;  // what is left of it
    std::uint64_t chunks_between_holes_ = 0;    // in all
    std::uint64_t next_ = 0;
    bool ended_ = false;
};

}  // namespace peerpress::pipeline
