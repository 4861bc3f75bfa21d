#include "accel/software/stream_inflater.hpp"

#include <algorithm>
#include <cstring>

namespace peerpress::accel::software {

void stream_inflater::reset() {
    decoder_.reset();
    history_bytes_ = 0;
}

deflate_decoder::step stream_inflater::inflate(bytes_view input, bytes_span output) {
    const deflate_decoder::step step =
        decoder_.decode(input, output, bytes_view(history_).first(history_bytes_));
    keep(output.first(step.output_bytes));
    return step;
}

void stream_inflater::keep(bytes_view output) {
    output = output.last(std::min(output.size(), deflate_decoder::window_bytes));
    if (output.empty()) return;
    if (output.size() > history_.size() - history_bytes_) {
        const std::size_t kept_bytes = deflate_decoder::window_bytes - output.size();
        std::memmove(history_.data(), history_.data() + (history_bytes_ - kept_bytes), kept_bytes);
        history_bytes_ = kept_bytes;
    }
    std::memcpy(history_.data() + history_bytes_, output.data(), output.size());
    history_bytes_ += output.size();
}

}  // namespace peerpress::accel::software
