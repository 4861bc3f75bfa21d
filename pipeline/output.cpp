#include "pipeline/output.hpp"

#include "pipeline/chunk.hpp"

#include <algorithm>

namespace peerpress::pipeline {
namespace {

io::alignment alignment_of(const io::storage* target) {
    return target ? target->traits().alignment : io::alignment{};
}

}  // namespace

output::output(io::storage* target, transfer_progress& progress)
    : target_(target),
      progress_(progress),
      in_order_(target && !target->traits().seekable),
      block_bytes_(pipeline::block_bytes(alignment_of(target))),
      packer_(alignment_of(target)) {}

extent output::place(bytes_view data, bytes_span scratch, bool last) {
    return packer_.pack(data, scratch, last);
}

awaitable<> output::write(extent piece) {
    if (!target_ || piece.from.empty()) co_return;
    co_await target_->write(piece.offset_bytes, piece.from);
    // The last block's padding is no output.
    const std::uint64_t end = std::min(piece.offset_bytes + piece.from.size(), bytes());
    progress_.bytes_out.fetch_add(end - piece.offset_bytes, std::memory_order_relaxed);
}

awaitable<> output::write(extent piece, layout& order) {
    if (!in_order_) order.pass();
    co_await write(piece);
    if (in_order_) order.pass();
}

awaitable<> output::finish() {
    const extent rest = packer_.finish();
    co_await write(rest);
    if (!target_ || in_order_) co_return;
    const std::uint64_t size_bytes = target_->traits().size_bytes.value_or(0);
    if (packer_.padded() || size_bytes > bytes()) co_await target_->truncate(bytes());
}

}  // namespace peerpress::pipeline
