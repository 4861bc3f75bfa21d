#include "pipeline/read_ahead.hpp"

#include "pipeline/chunk.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace peerpress::pipeline {

read_ahead::read_ahead(workers& workers, io::storage& source, std::size_t peek_bytes_max,
                       std::uint64_t start_bytes, std::uint64_t end_bytes)
    : workers_(workers),
      source_(source),
      block_bytes_(std::max<std::uint32_t>(block_bytes(source.traits().alignment), 4096)),
      position_bytes_(start_bytes),
      end_bytes_(end_bytes),
      next_read_bytes_(round_down(start_bytes, block_bytes_)),
      filled_(workers.executor()) {
    // A size of zero is not believed: /proc and /sys claim it for files that have content.
    const std::uint64_t source_bytes = source.traits().size_bytes.value_or(0);
    if (source_bytes > 0) end_bytes_ = std::min(end_bytes_, source_bytes);

    size_bytes_ = window_bytes;
    if (end_bytes_ - next_read_bytes_ < window_bytes)
        size_bytes_ =
            round_up(std::max<std::uint64_t>(end_bytes_ - next_read_bytes_, 1), block_bytes_);
    windows_max_ = std::max<std::size_t>(windows_min, peek_bytes_max / size_bytes_ + 2);
}

awaitable<std::size_t> read_ahead::peek(bytes_span into) {
    std::size_t copied_bytes = 0;
    for (std::size_t index = 0; copied_bytes < into.size(); ++index) {
        start_reads();
        if (index == windows_.size()) break;
        while (!windows_[index].ready && !error_) co_await filled_.wait();
        if (error_) std::rethrow_exception(error_);

        const window& from = windows_[index];
        const std::uint64_t end = std::min(from.offset_bytes + from.length_bytes, end_bytes_);
        const std::uint64_t start = position_bytes_ + copied_bytes;
        if (start >= end) break;
        const std::size_t part = std::min<std::uint64_t>(end - start, into.size() - copied_bytes);
        std::memcpy(into.data() + copied_bytes,
                    from.memory.span().data() + (start - from.offset_bytes), part);
        copied_bytes += part;
    }
    co_return copied_bytes;
}

void read_ahead::skip(std::size_t bytes) {
    position_bytes_ += bytes;
    while (!windows_.empty() && windows_.front().ready &&
           position_bytes_ >= windows_.front().offset_bytes + size_bytes_) {
        free_.push_back(std::move(windows_.front()));
        windows_.pop_front();
    }
    start_reads();
}

// What cannot seek is read in order, one read at a time.
void read_ahead::start_reads() {
    const bool seekable = source_.traits().seekable;
    while (next_read_bytes_ < end_bytes_ && windows_.size() < windows_max_ && !error_) {
        if (!seekable && !windows_.empty() && !windows_.back().ready) return;
        workers_.start(fill(add_window()));
    }
}

read_ahead::window& read_ahead::add_window() {
    window added;
    if (!free_.empty()) {
        added = std::move(free_.back());
        free_.pop_back();
    } else {
        added.memory = aligned_memory(block_bytes_, size_bytes_);
    }
    added.offset_bytes = next_read_bytes_;
    added.ready = false;
    next_read_bytes_ += size_bytes_;
    return windows_.emplace_back(std::move(added));
}

awaitable<> read_ahead::fill(window& into) {
    try {
        into.length_bytes = co_await source_.read(into.offset_bytes, into.memory.span());
    } catch (...) {
        error_ = std::current_exception();
        filled_.notify_all();
        throw;
    }
    if (into.length_bytes < size_bytes_)
        end_bytes_ = std::min(end_bytes_, into.offset_bytes + into.length_bytes);
    into.ready = true;
    filled_.notify_all();
    if (!source_.traits().seekable) start_reads();
}

}  // namespace peerpress::pipeline
