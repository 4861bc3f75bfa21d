#include "accel/model/codec_unit.hpp"

#include "accel/software/checksum.hpp"
#include "accel/software/deflate_chunk.hpp"
#include "accel/software/inflate_chunk.hpp"
#include "accel/software/stored.hpp"
#include "pipeline/gzip/member.hpp"
#include "pipeline/gzip/padding.hpp"

#include <algorithm>

namespace peerpress::accel::model {
namespace {

namespace gzip = pipeline::gzip;
namespace status = noload::status;
using noload::stream_format;

codec_unit::answer failed(std::uint16_t code) {
    return {.status = code};
}

struct frame {
    std::size_t header_bytes = 0;
    std::size_t trailer_bytes = 0;
};

constexpr frame frame_of(stream_format format) {
    if (format == stream_format::raw_deflate) return {};
    return {.header_bytes = gzip::member_header_bytes, .trailer_bytes = gzip::trailer_bytes};
}

}  // namespace

bytes_span codec_unit::output(std::size_t bytes) {
    if (output_.size() < bytes) output_.resize(bytes);
    return bytes_span(output_).first(bytes);
}

codec_unit::answer codec_unit::run(const noload::operation& operation, bytes_view input) {
    switch (operation.opcode) {
        case noload::opcode::compress:
            return compress(operation, input);
        case noload::opcode::decompress:
            return decompress(operation, input);
        case noload::opcode::checksum:
            break;
    }
    return {.completion = {.bytes = operation.input_bytes,
                           .crc32 = software::checksum_of(checksum_kind::crc32, input)}};
}

codec_unit::answer codec_unit::compress(const noload::operation& operation, bytes_view input) {
    deflated_.resize(std::max(deflated_.size(), software::stored_bytes(input.size())));
    const int level = operation.level == noload::level_default ? 1 : operation.level;
    const deflated made =
        software::deflate_chunk(bench_, {.input = input, .output = deflated_, .level = level})
            .deflated;
    const frame frame = frame_of(operation.format);
    const std::size_t packed = frame.header_bytes + made.bytes + frame.trailer_bytes;
    const std::size_t alignment = std::size_t{1} << operation.output_alignment_log2;
    const std::size_t padding = gzip::padding_bytes(packed, alignment);
    const std::size_t bytes = packed + padding;
    if (bytes > noload::output_bytes_max(operation)) return failed(status::output_too_small);

    const bytes_span all = output(bytes);
    const bytes_span body = all.subspan(frame.header_bytes, padding + made.bytes);
    gzip::write_padding(body.first(padding));
    std::ranges::copy(bytes_view(deflated_).first(made.bytes), body.begin() + padding);
    if (operation.format == stream_format::gzip_member) {
        gzip::write_member_header(all, static_cast<std::uint32_t>(body.size()));
        gzip::write_trailer(all.last(frame.trailer_bytes),
                            {.crc32 = made.checksum, .isize = operation.input_bytes});
    }
    return {.completion = {.bytes = static_cast<std::uint32_t>(bytes), .crc32 = made.checksum},
            .output = all};
}

codec_unit::answer codec_unit::decompress(const noload::operation& operation, bytes_view input) {
    bytes_view deflate = input;
    const bool member = operation.format == stream_format::gzip_member;
    if (member) {
        const auto parsed = gzip::parse_header(input, true);
        if (parsed.state != gzip::header_state::complete ||
            input.size() < parsed.header.header_bytes + gzip::trailer_bytes) {
            return failed(status::bad_format);
        }
        deflate = input.subspan(parsed.header.header_bytes,
                                input.size() - parsed.header.header_bytes - gzip::trailer_bytes);
    }
    std::size_t consumed_bytes = 0;
    answer plain = operation.check_only
                       ? check(deflate, consumed_bytes)
                       : decode(deflate, noload::output_bytes_max(operation), consumed_bytes);
    if (plain.status) return plain;
    if (consumed_bytes != deflate.size()) return failed(status::bad_format);
    if (member) {
        const gzip::trailer trailer = gzip::parse_trailer(input.last(gzip::trailer_bytes));
        if (trailer.crc32 != plain.completion.crc32 || trailer.isize != plain.completion.bytes) {
            return failed(status::data_check_error);
        }
    }
    return plain;
}

codec_unit::answer codec_unit::decode(bytes_view deflate, std::size_t room_bytes,
                                      std::size_t& consumed_bytes) {
    const bytes_span room = output(room_bytes);
    const auto done = software::inflate_chunk(bench_, {.input = deflate, .output = room});
    if (done.has_error()) {
        return failed(done.error() == codec_errc::output_too_small ? status::output_too_small
                                                                   : status::bad_format);
    }
    consumed_bytes = done->input_bytes;
    return {
        .completion = {.bytes = static_cast<std::uint32_t>(done->bytes), .crc32 = done->checksum},
        .output = room.first(done->bytes)};
}

// The plain data go nowhere, so that a window of them is enough however long they are.
codec_unit::answer codec_unit::check(bytes_view deflate, std::size_t& consumed_bytes) {
    constexpr std::size_t window_bytes = 256 << 10;
    const bytes_span window = output(window_bytes);
    software::zlib_inflater& zlib = bench_.reference_inflater();
    zlib.reset();
    noload::completion sum{.crc32 = checksum_seed(checksum_kind::crc32)};
    for (;;) {
        const auto step = zlib.inflate(deflate.subspan(consumed_bytes), window);
        if (step.status == software::zlib_inflater::status::bad_data) {
            return failed(status::bad_format);
        }
        consumed_bytes += step.input_bytes;
        sum.bytes += static_cast<std::uint32_t>(step.output_bytes);
        sum.crc32 =
            software::checksum_of(checksum_kind::crc32, sum.crc32, window.first(step.output_bytes));
        if (step.status == software::zlib_inflater::status::ended) return {.completion = sum};
        // It stopped with room left: the stream is cut short.
        if (step.output_bytes < window.size()) return failed(status::bad_format);
    }
}

}  // namespace peerpress::accel::model
