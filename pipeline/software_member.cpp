#include "pipeline/software_member.hpp"

#include "pipeline/device_sites.hpp"
#include "pipeline/gzip/member.hpp"
#include "pipeline/gzip/padding.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace peerpress::pipeline {
namespace {

constexpr std::size_t frame_bytes = gzip::member_header_bytes + gzip::trailer_bytes;

}  // namespace

std::size_t software_member_bytes_max(const accel::accelerator& engine, std::uint32_t data_bytes,
                                      std::uint32_t block_bytes) {
    const std::size_t bytes = frame_bytes + engine.deflate_bound(data_bytes);
    return round_up(bytes + gzip::padding_bytes(bytes, block_bytes) + block_bytes, block_bytes);
}

// The padding comes first, so that any codec's stream can follow it.
awaitable<software_member> make_software_member(route via, int level, bytes_span memory,
                                                std::uint32_t data_bytes, bytes_span scratch,
                                                std::uint32_t block_bytes) {
    const accel::deflate_request request{
        .input = memory.first(data_bytes), .output = scratch, .level = level, .flow = via.flow};
    const accel::deflated stream = co_await via.lane.engine().deflate(request);
    const std::size_t padding = gzip::padding_bytes(frame_bytes + stream.bytes, block_bytes);
    const std::size_t deflate_bytes = padding + stream.bytes;
    assert(frame_bytes + deflate_bytes <= memory.size());

    gzip::write_member_header(memory, static_cast<std::uint32_t>(deflate_bytes));
    const bytes_span payload = memory.subspan(gzip::member_header_bytes);
    gzip::write_padding(payload.first(padding));
    std::memcpy(payload.data() + padding, scratch.data(), stream.bytes);
    gzip::write_trailer(payload.subspan(deflate_bytes),
                        {.crc32 = stream.checksum, .isize = data_bytes});
    co_return software_member{.bytes = memory.first(frame_bytes + deflate_bytes),
                              .crc32 = stream.checksum};
}

awaitable<std::uint32_t> read_software_member(route via, bytes_view member, bytes_span output) {
    const gzip::header_result parsed = gzip::parse_header(member, true);
    if (parsed.state != gzip::header_state::complete) throw system_error{parsed.error};
    const std::size_t around = parsed.header.header_bytes + gzip::trailer_bytes;
    if (member.size() < around) throw system_error{format_errc::truncated};
    const accel::inflate_request request{
        .input = member.subspan(parsed.header.header_bytes, member.size() - around),
        .output = output,
        .flow = via.flow};
    accel::inflated done;
    try {
        done = co_await via.lane.engine().inflate(request);
    } catch (const system_error& failed) {
        if (failed.code().category() != accel::codec_category()) throw;
        throw system_error{format_errc::bad_data};
    }
    const gzip::trailer trailer = gzip::parse_trailer(member.last(gzip::trailer_bytes));
    if (done.input_bytes != request.input.size()) throw system_error{format_errc::bad_data};
    if (done.bytes != output.size() || trailer.isize != static_cast<std::uint32_t>(done.bytes))
        throw system_error{format_errc::wrong_size};
    if (done.checksum != trailer.crc32) throw system_error{format_errc::wrong_checksum};
    co_return done.checksum;
}

private_read::private_read(const io::storage& from, std::uint64_t offset_bytes,
                           std::size_t length_bytes, std::size_t memory_bytes_min)
    : part_(cover_of(offset_bytes, length_bytes, device_block_bytes(from))),
      length_bytes_(length_bytes),
      memory_(device_block_bytes(from),
              round_up(std::max<std::size_t>(part_.length_bytes, memory_bytes_min),
                       device_block_bytes(from))) {}

awaitable<bytes_span> private_read::read(io::storage& from) {
    const std::size_t got_bytes =
        co_await from.read(part_.offset_bytes, memory_.span().first(part_.length_bytes));
    if (got_bytes < part_.skip_bytes + length_bytes_)
        throw system_error{format_errc::source_changed};
    co_return memory_.span().subspan(part_.skip_bytes, length_bytes_);
}

}  // namespace peerpress::pipeline
