#include "io/stream.hpp"

#include "io/retry.hpp"

#include <cassert>
#include <utility>

namespace peerpress::io {

stream::stream(std::unique_ptr<raw_file> file, storage_traits traits)
    : file_(std::move(file)), traits_(std::move(traits)) {}

awaitable<std::size_t> stream::read([[maybe_unused]] std::uint64_t offset_bytes, bytes_span into) {
    assert(offset_bytes == read_position_ && "a stream cannot be read out of order");
    retry retry;
    std::size_t done_bytes = 0;
    while (done_bytes < into.size()) {
        const result<std::size_t> got =
            co_await file_->read_some(no_offset, into.subspan(done_bytes));
        if (!got) {
            co_await retry.after(got.error(), *file_, readiness::to_read);
            continue;
        }
        if (*got == 0) break;
        done_bytes += *got;
        retry.progressed();
    }
    read_position_ += done_bytes;
    co_return done_bytes;
}

awaitable<> stream::write([[maybe_unused]] std::uint64_t offset_bytes, bytes_view from) {
    assert(offset_bytes == write_position_ && "a stream cannot be written out of order");
    retry retry;
    std::size_t done_bytes = 0;
    while (done_bytes < from.size()) {
        const result<std::size_t> put =
            co_await file_->write_some(no_offset, from.subspan(done_bytes));
        if (!put) {
            co_await retry.after(put.error(), *file_, readiness::to_write);
            continue;
        }
        if (*put == 0) {
            retry.fruitless();
            continue;
        }
        done_bytes += *put;
        retry.progressed();
    }
    write_position_ += done_bytes;
}

awaitable<> stream::truncate(std::uint64_t) {
    co_return;
}

awaitable<> stream::sync() {
    const error_code ec = co_await file_->sync();
    // Pipes and terminals have nothing to make durable and say EINVAL; a file behind a stream has.
    if (ec && ec != boost::system::errc::invalid_argument) throw system_error{ec, "sync"};
}

}  // namespace peerpress::io
