#include "pipeline/member_hops.hpp"

#include "pipeline/chunk.hpp"

#include <algorithm>
#include <utility>

namespace peerpress::pipeline {
namespace {

constexpr std::size_t header_bytes_typical = 64;
constexpr std::size_t header_bytes_max = 4096;
constexpr std::uint32_t memory_bytes = 256 << 10;
constexpr std::uint64_t dense_member_bytes = memory_bytes / 4;

[[noreturn]] void refuse() {
    throw system_error{format_errc::range_unsupported};
}

// After at least one member: does the data end here? As serial_decoder has it.
bool is_trailing(bytes_view bytes) {
    if (bytes[0] == std::byte{0}) return true;
    return bytes.size() > 1 && (bytes[0] != std::byte{0x1f} || bytes[1] != std::byte{0x8b});
}

}  // namespace

member_hops::member_hops(io::storage& source)
    : source_(source),
      block_bytes_(std::max<std::uint32_t>(block_bytes(source.traits().alignment), 4096)),
      memory_(block_bytes_, memory_bytes) {}

awaitable<std::optional<member_entry>> member_hops::next() {
    bytes_view at = co_await look(offset_bytes_, header_bytes_typical);
    if (members_ > 0 && (at.empty() || is_trailing(at))) co_return std::nullopt;

    gzip::header_result result = gzip::parse_header(at, false);
    if (result.state == gzip::header_state::need_more) {
        at = co_await look(offset_bytes_, header_bytes_max);
        result = gzip::parse_header(at, true);
    }
    if (result.state != gzip::header_state::complete || !result.header.member_bytes) refuse();

    // The trailer, and with it the header behind it.
    const std::uint64_t member_bytes = *result.header.member_bytes;
    const std::uint64_t end = offset_bytes_ + member_bytes;
    dense_ = member_bytes <= dense_member_bytes;
    at = co_await look(end - gzip::trailer_bytes, gzip::trailer_bytes + header_bytes_typical);
    if (at.size() < gzip::trailer_bytes) refuse();

    if (members_ == 0) convention_ = result.header.convention;
    members_ += 1;
    const gzip::trailer trailer = gzip::parse_trailer(at);
    const member_entry found{.offset_bytes = std::exchange(offset_bytes_, end),
                             .member_bytes = member_bytes,
                             .data_bytes = trailer.isize,
                             .crc32 = trailer.crc32};
    co_return found;
}

// So many bytes of the source, or as many as there are.
awaitable<bytes_view> member_hops::look(std::uint64_t offset_bytes, std::size_t length_bytes) {
    const std::uint64_t memory_end = memory_offset_bytes_ + memory_length_bytes_;
    if (offset_bytes < memory_offset_bytes_ || offset_bytes + length_bytes > memory_end) {
        const cover wanted = cover_of(offset_bytes, length_bytes, block_bytes_);
        const std::size_t read_bytes = dense_ ? memory_bytes : wanted.length_bytes;
        memory_length_bytes_ = 0;
        memory_offset_bytes_ = wanted.offset_bytes;
        memory_length_bytes_ =
            co_await source_.read(wanted.offset_bytes, memory_.span().first(read_bytes));
    }
    const std::uint64_t skip_bytes = offset_bytes - memory_offset_bytes_;
    if (skip_bytes >= memory_length_bytes_) co_return bytes_view{};
    const bytes_view there = memory_.span().first(memory_length_bytes_).subspan(skip_bytes);
    co_return there.first(std::min(length_bytes, there.size()));
}

}  // namespace peerpress::pipeline
