#include "pipeline/chunk.hpp"
#include "pipeline/cutter.hpp"
#include "pipeline/output.hpp"
#include "pipeline/range.hpp"
#include "pipeline/read_ahead.hpp"
#include "pipeline/serial_decoder.hpp"
#include "pipeline/transfer.hpp"
#include "pipeline/workers.hpp"

#include <algorithm>
#include <exception>
#include <utility>

namespace peerpress::pipeline {
namespace {

// Pieces under way where they can only be decoded one after another: one, and the next one being
// cut.
constexpr std::uint64_t stream_pieces_max = 2;

std::size_t half_bytes(const route& via) {
    const io::staging_options& staging = via.lane.staging().options();
    return staging.input_bytes + staging.slack_bytes;
}

bool may_have_members(std::optional<container> c) {
    return c != container::zlib && c != container::deflate;
}

// What the pieces of one transfer share. It outlives them all.
struct decompression {
    decompression(const route& on, const decompress_options& wanted, const source_part& part)
        : via(on),
          options(wanted),
          workers(on),
          source(workers, on.source, half_bytes(on), part.start_bytes, part.end_bytes),
          cut(source, may_have_members(wanted.container)),
          decoder(on.lane.engine(), on.flow, wanted.container),
          target(on.target, on.progress),
          skip_bytes(part.data_skip_bytes),
          wanted_bytes(part.data_bytes) {
        decoder.begin_at(part.start_bytes, part.members_before);
    }

    const route& via;
    const decompress_options options;
    pipeline::workers workers;
    read_ahead source;
    cutter cut;
    // Touched only by the piece whose turn it is: the state of the source up to there.
    serial_decoder decoder;
    output target;
    std::uint64_t skip_bytes;    // of the data, before those that are wanted
    std::uint64_t wanted_bytes;  // of the data, after that
};

// The part of the data at hand that is wanted.
bytes_span clip(decompression& job, bytes_span data) {
    const std::size_t skipped = std::min<std::uint64_t>(data.size(), job.skip_bytes);
    job.skip_bytes -= skipped;
    const std::size_t taken = std::min<std::uint64_t>(data.size() - skipped, job.wanted_bytes);
    job.wanted_bytes -= taken;
    return data.subspan(skipped, taken);
}

// Decodes each member on its own. False where one is not what it claims to be.
awaitable<bool> inflate_members(decompression& job, const source_piece& piece, bytes_view input,
                                bytes_span output) {
    for (const member_claim& member : piece.members) {
        const std::size_t frame_bytes = member.header_bytes + gzip::trailer_bytes;
        const accel::inflate_request request{
            .input = input.subspan(member.header_bytes, member.member_bytes - frame_bytes),
            .output = output.first(member.trailer.isize),
            .flow = job.via.flow};
        const accel::inflated done = co_await job.via.lane.engine().inflate(request);
        if (done.input_bytes != request.input.size() || done.bytes != request.output.size() ||
            done.checksum != member.trailer.crc32)
            co_return false;
        input = input.subspan(member.member_bytes);
        output = output.subspan(member.trailer.isize);
    }
    co_return true;
}

awaitable<bool> decode_members(decompression& job, const source_piece& piece,
                               io::staging_lease& slot) {
    if (piece.members.empty()) co_return false;
    try {
        co_return co_await inflate_members(job, piece, slot.input(), slot.output());
    } catch (const system_error& error) {
        // Whether it is bad, or only not what it claims to be, is for the serial decoder to say.
        if (error.code().category() != accel::codec_category()) throw;
        co_return false;
    }
}

// The room for data that fit a half of a slot together with what packing needs.
std::size_t data_bytes_max(const decompression& job) {
    return half_bytes(job.via) - std::size_t{2} * job.target.block_bytes();
}

std::uint64_t data_bytes_left(const decompression& job) {
    return job.options.output_bytes_max - job.target.bytes();
}

// Decodes the piece into one half of `memory` while the other is being written.
awaitable<> decode_stream(decompression& job, io::task_group& writes, const source_piece& piece,
                          bytes_view input, bytes_span memory) {
    const std::size_t buffer_bytes = round_down(memory.size() / 2, 4096);
    bytes_span buffer = memory.first(buffer_bytes);
    bytes_span spare = memory.last(memory.size() - buffer_bytes).first(buffer_bytes);
    for (;;) {
        job.workers.check_stop();
        // One byte more than is allowed shows that there is more.
        const std::uint64_t left_bytes = data_bytes_left(job);
        const bytes_span room = job.target.room(buffer);
        const std::size_t space_bytes = room.size() - std::size_t{2} * job.target.block_bytes();
        const bytes_span space =
            room.first(left_bytes < space_bytes ? left_bytes + 1 : space_bytes);
        const serial_decoder::step done = co_await job.decoder.decode(input, space);

        const bytes_view data = clip(job, space.first(done.bytes));
        const bytes_view allowed = data.first(std::min<std::uint64_t>(data.size(), left_bytes));
        const extent taken = job.target.place(allowed, buffer, piece.last && !done.more);
        co_await writes.room();
        if (writes.failed()) co_return;
        writes.spawn(job.target.write(taken));
        if (allowed.size() < data.size()) throw job.decoder.error(format_errc::output_limit);
        if (!done.more) co_return;
        std::swap(buffer, spare);
    }
}

// The piece whose turn it is, as the continuation of a stream.
awaitable<> move_stream(decompression& job, const source_piece& piece, io::staging_lease& slot) {
    io::task_group writes(job.workers.executor(), 1);
    std::exception_ptr error;
    try {
        co_await decode_stream(job, writes, piece, slot.input().first(piece.bytes), slot.output());
    } catch (...) {
        error = std::current_exception();
    }
    if (error)
        writes.fail(error);
    else if (!job.target.in_order())
        job.workers.order().pass();
    co_await writes.join();
    if (job.target.in_order()) job.workers.order().pass();
}

awaitable<> move_members(decompression& job, const source_piece& piece, io::staging_lease& slot) {
    job.decoder.take_over(piece);
    // The members have been decoded: their half of the slot is free for packing.
    const bytes_view data = clip(job, slot.output().first(piece.data_bytes));
    const extent taken = job.target.place(data, slot.input(), piece.last);
    co_await job.target.write(taken, job.workers.order());
}

awaitable<> move_piece(decompression& job, std::uint64_t index, source_piece piece,
                       io::staging_lease slot) {
    const bool whole = co_await decode_members(job, piece, slot);
    job.workers.check_stop();

    co_await job.workers.order().turn(index);
    job.via.progress.bytes_in.fetch_add(piece.bytes, std::memory_order_relaxed);
    // Members count where the data before them ended where they begin. All else the serial decoder
    // judges, which also stops at the limit to the byte.
    if (whole && job.decoder.at_member() && piece.data_bytes <= data_bytes_left(job))
        co_await move_members(job, piece, slot);
    else
        co_await move_stream(job, piece, slot);
}

awaitable<> cut_source(decompression& job) {
    for (std::uint64_t index = 0; !job.cut.at_end(); ++index) {
        const std::uint64_t pieces_max =
            job.cut.streaming() ? stream_pieces_max : workers::unbounded;
        io::staging_lease slot = co_await job.workers.acquire(index, pieces_max);
        source_piece piece = co_await job.cut.next(slot.input(), data_bytes_max(job));
        if (piece.bytes == 0) co_return;
        job.workers.start(move_piece(job, index, std::move(piece), std::move(slot)));
    }
}

awaitable<source_part> find_part(const route& via, const decompress_options& options) {
    if (!may_have_members(options.container)) throw system_error{format_errc::range_unsupported};
    co_return co_await find_range(via.source, *options.range);
}

std::string_view convention_of(const decompression& job) {
    const std::optional<container> found = job.decoder.container();
    return may_have_members(found) ? gzip::convention_name(job.cut.convention())
                                   : container_name(*found);
}

transfer_report report_of(const decompression& job) {
    return {.bytes_in = job.decoder.bytes_in(),
            .bytes_out = job.target.bytes(),
            .crc32 = job.decoder.sum().value(),
            .members = job.decoder.members(),
            .trailing_garbage_bytes = job.decoder.trailing_garbage_bytes(),
            .serial = job.decoder.used(),
            .convention = std::string(convention_of(job))};
}

}  // namespace

awaitable<transfer_report> decompress(route route, decompress_options options) {
    source_part part;
    if (options.range) part = co_await find_part(route, options);
    decompression job(route, options, part);
    job.workers.start(cut_source(job));
    std::exception_ptr broken;
    try {
        co_await job.workers.join();
        if (part.start_bytes < part.end_bytes) job.decoder.finish();
    } catch (const format_error&) {
        broken = std::current_exception();
    }
    // Also what was decoded before an error is left whole.
    co_await job.target.finish();
    if (broken) std::rethrow_exception(broken);

    transfer_report report = report_of(job);
    report.bytes_in -= part.start_bytes;
    report.members -= part.members_before;
    if (options.range) report.crc32 = 0;
    co_return report;
}

}  // namespace peerpress::pipeline
