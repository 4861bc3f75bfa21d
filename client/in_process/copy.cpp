#include "client/in_process/copy.hpp"

#include "io/staging.hpp"
#include "pipeline/chunk.hpp"

#include <algorithm>
#include <cstring>

namespace peerpress::client {

awaitable<bool> peeked_storage::starts_like_gzip(bytes_span scratch) {
    constexpr std::array magic{std::byte{0x1f}, std::byte{0x8b}};
    if (inner_.traits().seekable) {
        // Read again afterwards.
        const std::size_t bytes = co_await inner_.read(0, scratch);
        co_return bytes >= magic.size() && std::equal(magic.begin(), magic.end(), scratch.begin());
    }
    head_bytes_ = co_await inner_.read(0, head_);
    co_return head_bytes_ == magic.size() && head_ == magic;
}

awaitable<std::size_t> peeked_storage::read(std::uint64_t offset_bytes, bytes_span into) {
    if (offset_bytes >= head_bytes_) co_return co_await inner_.read(offset_bytes, into);
    const std::size_t held = std::min<std::size_t>(head_bytes_ - offset_bytes, into.size());
    std::memcpy(into.data(), head_.data() + offset_bytes, held);
    const bytes_span rest = into.subspan(held);
    if (rest.empty()) co_return held;
    co_return held + co_await inner_.read(offset_bytes + held, rest);
}

awaitable<> peeked_storage::write(std::uint64_t offset_bytes, bytes_view from) {
    co_await inner_.write(offset_bytes, from);
}

awaitable<> peeked_storage::truncate(std::uint64_t size_bytes) {
    co_await inner_.truncate(size_bytes);
}

awaitable<> peeked_storage::sync() {
    co_await inner_.sync();
}

awaitable<pipeline::transfer_report> copy(pipeline::route route) {
    const io::staging_lease slot = co_await route.lane.staging().acquire(route.flow, route.stop);
    const bytes_span buffer = slot.input().first(route.lane.options().staging.input_bytes);
    pipeline::transfer_report report;
    for (;;) {
        if (route.stop.stop_requested()) throw system_error{asio::error::operation_aborted};
        const std::size_t bytes = co_await route.source.read(report.bytes_in, buffer);
        if (bytes == 0) break;
        if (route.target != nullptr)
            co_await route.target->write(report.bytes_in, buffer.first(bytes));
        report.bytes_in += bytes;
        route.progress.bytes_in = report.bytes_in;
        route.progress.bytes_out = report.bytes_in;
        if (bytes < buffer.size()) break;
    }
    report.bytes_out = report.bytes_in;
    co_return report;
}

}  // namespace peerpress::client
