#include "server/transform_storage.hpp"

#include "accel/software/checksum.hpp"
#include "server/refusal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cstring>

namespace peerpress::server {

namespace {

// A message out, a message in: half of what a message may have, so that the peer works while we do.
constexpr std::size_t piece_bytes_max = 512 << 10;

io::storage_traits stream_traits() {
    io::storage_traits traits;
    traits.seekable = false;
    traits.buffered_reason = "it is a stream";
    return traits;
}

[[noreturn]] void throw_unsupported() {
    throw system_error(make_error_code(boost::system::errc::operation_not_supported));
}

[[noreturn]] void throw_gone() {
    throw refusal(jobs::reason::cancelled, "the client has gone");
}

[[noreturn]] void refuse(const std::string& why) {
    throw refusal(jobs::reason::invalid_argument, why);
}

bytes_view as_bytes(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace

void passed_bytes::add(bytes_view data) {
    crc32 = accel::software::checksum_of(accel::checksum_kind::crc32, crc32, data);
    bytes += data.size();
}

transform_source::transform_source(transform_stream& stream)
    : stream_(stream), traits_(stream_traits()) {}

awaitable<std::size_t> transform_source::read(std::uint64_t, bytes_span into) {
    std::size_t filled = 0;
    while (filled < into.size()) {
        if (left().empty()) {
            if (finished_) break;
            co_await next_message();
            continue;
        }
        const std::size_t count = std::min(left().size(), into.size() - filled);
        std::memcpy(into.data() + filled, left().data(), count);
        taken_ += count;
        filled += count;
    }
    co_return filled;
}

awaitable<> transform_source::drain() {
    while (!finished_) co_await next_message();
}

awaitable<> transform_source::next_message() {
    const bool came = co_await stream_.read();
    if (!came) {
        if (stream_.stop().stop_requested()) throw_gone();
        refuse("the stream ended without a finish message");
    }
    switch (stream_.message().message_case()) {
        case v1::TransformRequest::kData:
            accept_data();
            break;
        case v1::TransformRequest::kFinish:
            check_finish();
            finished_ = true;
            break;
        case v1::TransformRequest::kOpen:
            refuse("open comes once, and first");
        default:
            refuse("a message is open, data or finish; this one is none of them");
    }
}

void transform_source::accept_data() {
    data_ = std::move(*stream_.message().mutable_data());
    taken_ = 0;
    stream_.read_ahead();
    if (data_.size() > transform_data_bytes_max) {
        refuse(fmt::format("a data message has {} bytes; at most {} (max_data_bytes) are taken",
                           data_.size(), transform_data_bytes_max));
    }
    received_.add(as_bytes(data_));
}

void transform_source::check_finish() const {
    const auto& finish = stream_.message().finish();
    if (finish.bytes() == static_cast<std::int64_t>(received_.bytes) &&
        finish.crc32() == received_.crc32)
        return;
    throw refusal(
        jobs::reason::checksum_mismatch,
        fmt::format("{} bytes with CRC-32 {:08x} came, {} with {:08x} were sent: send again",
                    received_.bytes, received_.crc32, finish.bytes(), finish.crc32()));
}

awaitable<> transform_source::write(std::uint64_t, bytes_view) {
    throw_unsupported();
    co_return;
}
awaitable<> transform_source::truncate(std::uint64_t) {
    co_return;
}
awaitable<> transform_source::sync() {
    co_return;
}

transform_target::transform_target(transform_stream& stream)
    : stream_(stream), traits_(stream_traits()) {}

awaitable<> transform_target::write(std::uint64_t offset_bytes, bytes_view from) {
    assert(offset_bytes == sent_.bytes);
    static_cast<void>(offset_bytes);
    while (!from.empty()) {
        const bytes_view piece = from.first(std::min(from.size(), piece_bytes_max));
        sent_.add(piece);
        v1::TransformResponse message;
        message.set_data(piece.data(), piece.size());
        const bool there = co_await stream_.write(std::move(message));
        if (!there) throw_gone();
        from = from.subspan(piece.size());
    }
}

awaitable<std::size_t> transform_target::read(std::uint64_t, bytes_span) {
    throw_unsupported();
    co_return 0;
}
awaitable<> transform_target::truncate(std::uint64_t) {
    co_return;
}
awaitable<> transform_target::sync() {
    co_return;
}

}  // namespace peerpress::server
