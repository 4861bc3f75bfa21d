#include "pipeline/framing.hpp"

#include "pipeline/gzip/member.hpp"
#include "pipeline/gzip/zlib_header.hpp"

#include <algorithm>
#include <cstring>

namespace peerpress::pipeline {
namespace {

constexpr std::size_t bgzf_frame_bytes = gzip::bgzf_header_bytes + gzip::trailer_bytes;

std::size_t stream_header_bytes(container c) {
    switch (c) {
        case container::plain:
            return gzip::plain_header_bytes;
        case container::zlib:
            return gzip::zlib_header_bytes;
        default:
            return 0;
    }
}

// The largest piece that `how` can make.
std::size_t piece_bytes_max(const framing& how, const accel::accelerator& engine) {
    const std::size_t payload_bytes = engine.deflate_bound(how.block_bytes);
    switch (how.container) {
        case container::gzip:
            return gzip::member_header_bytes + payload_bytes + gzip::trailer_bytes;
        case container::bgzf:
            return (how.chunk_bytes / how.block_bytes - 1) * gzip::bgzf_block_bytes_max +
                   bgzf_frame_bytes + payload_bytes + gzip::bgzf_end_of_file().size();
        default:
            return stream_header_bytes(how.container) + payload_bytes + gzip::trailer_bytes;
    }
}

accel::deflate_request request(const framing& how, io::flow_id flow, bytes_view input,
                               bytes_span output) {
    return {.input = input,
            .output = output,
            .level = how.level,
            .codec = how.codec,
            .checksum = checksum_kind_of(how.container),
            .last = true,
            .flow = flow};
}

gzip::trailer trailer_of(std::uint32_t crc32, std::uint64_t data_bytes) {
    return {.crc32 = crc32, .isize = static_cast<std::uint32_t>(data_bytes)};
}

// An empty source is one empty member; elsewhere an empty chunk, which only tells that the source
// has ended, adds nothing.
awaitable<piece> make_member(accel::accelerator& engine, io::flow_id flow, framing how,
                             chunk_plan chunk, bytes_view data, bytes_span output) {
    if (data.empty() && chunk.index > 0) co_return piece{};
    const bytes_span payload = output.subspan(gzip::member_header_bytes);
    const accel::deflated block = co_await engine.deflate(request(how, flow, data, payload));
    gzip::write_member_header(output, static_cast<std::uint32_t>(block.bytes));
    gzip::write_trailer(payload.subspan(block.bytes), trailer_of(block.checksum, data.size()));
    co_return piece{.bytes = gzip::member_header_bytes + block.bytes + gzip::trailer_bytes,
                    .checksum = block.checksum,
                    .members = 1};
}

// One BGZF block; returns its length.
std::size_t close_block(bytes_span output, const accel::deflated& block, std::size_t data_bytes) {
    const std::size_t whole_bytes = bgzf_frame_bytes + block.bytes;
    if (whole_bytes > gzip::bgzf_block_bytes_max)
        throw system_error{accel::codec_errc::output_too_small};
    gzip::write_bgzf_header(output, static_cast<std::uint32_t>(whole_bytes));
    gzip::write_trailer(output.subspan(gzip::bgzf_header_bytes + block.bytes),
                        trailer_of(block.checksum, data_bytes));
    return whole_bytes;
}

awaitable<piece> make_blocks(accel::accelerator& engine, io::flow_id flow, framing how,
                             chunk_plan chunk, bytes_view data, bytes_span output) {
    piece made;
    running_checksum sum(accel::checksum_kind::crc32);
    while (!data.empty()) {
        const bytes_view part = data.first(std::min<std::size_t>(data.size(), how.block_bytes));
        const bytes_span at = output.subspan(made.bytes);
        const accel::deflated block =
            co_await engine.deflate(request(how, flow, part, at.subspan(gzip::bgzf_header_bytes)));
        made.bytes += close_block(at, block, part.size());
        made.members += 1;
        sum.append(block.checksum, part.size());
        data = data.subspan(part.size());
    }
    if (chunk.last) {
        const bytes_view end = gzip::bgzf_end_of_file();
        std::memcpy(output.data() + made.bytes, end.data(), end.size());
        made.bytes += end.size();
        made.members += 1;
    }
    made.checksum = sum.value();
    co_return made;
}

void write_stream_header(container c, bytes_span at, int level) {
    if (c == container::plain) gzip::write_plain_header(at, level);
    if (c == container::zlib) gzip::write_zlib_header(at, level);
}

awaitable<piece> make_stream_part(accel::accelerator& engine, io::flow_id flow, framing how,
                                  chunk_plan chunk, bytes_view data, bytes_span output) {
    const bool first = chunk.index == 0;
    const std::size_t header_bytes = first ? stream_header_bytes(how.container) : 0;
    if (first) write_stream_header(how.container, output, how.level);
    accel::deflate_request part = request(how, flow, data, output.subspan(header_bytes));
    part.last = chunk.last;
    const accel::deflated block = co_await engine.deflate(part);
    co_return piece{.bytes = header_bytes + block.bytes,
                    .checksum = block.checksum,
                    .members = first ? 1u : 0u};
}

[[noreturn]] void refuse() {
    throw system_error{make_error_code(boost::system::errc::invalid_argument)};
}

}  // namespace

framing make_framing(const compress_options& options, const accel::accelerator& engine,
                     std::uint32_t chunk_bytes_max, std::size_t room_bytes) {
    if (options.level < 1 || options.level > 12) refuse();
    framing how{.container = options.container, .level = options.level, .codec = options.codec};
    if (options.container == container::bgzf) {
        // Many blocks to a chunk: 65280 bytes are too little for one read and one write.
        how.block_bytes = std::min<std::uint32_t>(chunk_bytes_max, gzip::bgzf_data_bytes_max);
        how.chunk_bytes = chunk_bytes_max - chunk_bytes_max % how.block_bytes;
    } else {
        if (options.member_bytes < 4096 || options.member_bytes > chunk_bytes_max) refuse();
        how.block_bytes = how.chunk_bytes = options.member_bytes;
    }
    if (piece_bytes_max(how, engine) > room_bytes) refuse();
    return how;
}

accel::checksum_kind checksum_kind_of(container c) {
    return c == container::zlib ? accel::checksum_kind::adler32 : accel::checksum_kind::crc32;
}

awaitable<piece> make_piece(accel::accelerator& engine, io::flow_id flow, framing how,
                            chunk_plan chunk, bytes_view data, bytes_span output) {
    switch (how.container) {
        case container::gzip:
            return make_member(engine, flow, how, chunk, data, output);
        case container::bgzf:
            return make_blocks(engine, flow, how, chunk, data, output);
        default:
            return make_stream_part(engine, flow, how, chunk, data, output);
    }
}

std::size_t write_stream_trailer(container c, bytes_span at, const running_checksum& sum) {
    if (c == container::plain) {
        gzip::write_trailer(at, trailer_of(sum.value(), sum.bytes()));
        return gzip::trailer_bytes;
    }
    if (c == container::zlib) {
        gzip::write_zlib_trailer(at, sum.value());
        return gzip::zlib_trailer_bytes;
    }
    return 0;
}

}  // namespace peerpress::pipeline
