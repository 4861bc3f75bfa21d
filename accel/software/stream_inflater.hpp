// A deflate stream decoded piece by piece into output that need not stay: it keeps the data that
// matches may still reach back to. State is reused. One thread at a time.
#pragma once

#include "accel/software/deflate_decoder.hpp"
#include "io/bytes.hpp"

#include <array>
#include <cstddef>

namespace peerpress::accel::software {

class stream_inflater {
public:
    void reset();  // the next stream

    // Continues the stream until the input is used up, the output is full, or it ends.
    deflate_decoder::step inflate(bytes_view input, bytes_span output);

private:
    void keep(bytes_view output);

    deflate_decoder decoder_;
    // The newest data end at history_bytes_. Twice the window, so that small pieces can be added
    // many times before what is left of the window moves to the front.
    std::array<std::byte, 2 * deflate_decoder::window_bytes> history_;
    std::size_t history_bytes_ = 0;
};

}  // namespace peerpress::accel::software
