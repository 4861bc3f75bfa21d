#include "pipeline/comparison.hpp"

#include "pipeline/chunk.hpp"
#include "pipeline/format.hpp"

#include <algorithm>
#include <utility>

namespace peerpress::pipeline {

// Returns its buffer on destruction.
class comparison::buffer_lease {
public:
    buffer_lease(comparison& owner, aligned_memory memory)
        : owner_(owner), memory_(std::move(memory)) {}
    buffer_lease(const buffer_lease&) = delete;
    buffer_lease& operator=(const buffer_lease&) = delete;
    ~buffer_lease() { owner_.release(std::move(memory_)); }

    bytes_span span() const { return memory_.span(); }

private:
    comparison& owner_;
    aligned_memory memory_;
};

comparison::comparison(asio::any_io_executor executor, io::storage& expected)
    : expected_(expected),
      block_bytes_(block_bytes(expected.traits().alignment)),
      freed_(std::move(executor)) {
    traits_.seekable = expected.traits().seekable;
    traits_.buffered_reason = "it keeps nothing";
}

awaitable<std::size_t> comparison::read(std::uint64_t, bytes_span) {
    throw system_error{make_error_code(boost::system::errc::operation_not_supported)};
    co_return 0;
}

awaitable<> comparison::write(std::uint64_t offset_bytes, bytes_view from) {
    aligned_memory memory = co_await acquire();
    const buffer_lease buffer(*this, std::move(memory));
    const std::size_t part_bytes_max = buffer_bytes - 2 * std::max(block_bytes_, 4096u);
    while (!from.empty()) {
        const bytes_view part = from.first(std::min(from.size(), part_bytes_max));
        co_await compare(offset_bytes, part, buffer.span());
        offset_bytes += part.size();
        from = from.subspan(part.size());
    }
}

awaitable<> comparison::compare(std::uint64_t offset_bytes, bytes_view part, bytes_span buffer) {
    const cover wanted = cover_of(offset_bytes, part.size(), block_bytes_);
    const std::size_t read_bytes =
        co_await expected_.read(wanted.offset_bytes, buffer.first(wanted.length_bytes));
    const bytes_view there = bytes_view(buffer)
                                 .first(read_bytes)
                                 .subspan(std::min<std::size_t>(read_bytes, wanted.skip_bytes));
    const auto [mine, theirs] = std::mismatch(part.begin(), part.end(), there.begin(), there.end());
    if (mine != part.end()) fail(offset_bytes + static_cast<std::uint64_t>(mine - part.begin()));
}

awaitable<bool> comparison::ends_at(std::uint64_t size_bytes) {
    aligned_memory memory = co_await acquire();
    const buffer_lease buffer(*this, std::move(memory));
    const cover wanted = cover_of(size_bytes, 1, block_bytes_);
    const std::size_t read_bytes =
        co_await expected_.read(wanted.offset_bytes, buffer.span().first(wanted.length_bytes));
    co_return read_bytes <= wanted.skip_bytes;
}

awaitable<> comparison::truncate(std::uint64_t) {
    co_return;
}

awaitable<> comparison::sync() {
    co_return;
}

awaitable<aligned_memory> comparison::acquire() {
    while (free_.empty() && buffers_ == buffers_max) co_await freed_.wait();
    if (free_.empty()) {
        aligned_memory made(std::max(block_bytes_, 4096u), buffer_bytes);
        ++buffers_;
        co_return made;
    }
    aligned_memory taken = std::move(free_.back());
    free_.pop_back();
    co_return taken;
}

void comparison::release(aligned_memory buffer) {
    free_.push_back(std::move(buffer));
    freed_.notify_one();
}

void comparison::fail(std::uint64_t offset_bytes) {
    mismatch_bytes_ = std::min(offset_bytes, mismatch_bytes_.value_or(offset_bytes));
    throw system_error{format_errc::mismatch};
}

}  // namespace peerpress::pipeline
