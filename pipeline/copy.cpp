#include "pipeline/copy.hpp"

#include "io/task_group.hpp"
#include "pipeline/aligned_memory.hpp"
#include "pipeline/chunk.hpp"
#include "pipeline/copy_plan.hpp"
#include "pipeline/copy_setup.hpp"
#include "pipeline/ordered_checksum.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace peerpress::pipeline {
namespace {

using clock = copy_plan::clock;

// What the movers of one copy share. It outlives them all.
struct copying {
    copying(const copy_route& on, const copy_options& how)
        : via(on),
          options(how),
          setup(set_up_copy(on, how)),
          plan(how, setup.chunk_bytes, setup.length_bytes, clock::now()),
          group(on.lane.executor()) {}

    void check_stop() const {
        if (group.failed() || via.stop.stop_requested())
            throw system_error{make_error_code(asio::error::operation_aborted)};
    }

    const copy_route& via;
    const copy_options& options;
    const copy_setup setup;
    copy_plan plan;
    io::task_group group;
    ordered_checksum* sum = nullptr;  // of what is read, where it is wanted

    std::uint64_t end_bytes = 0;           // of the target: the furthest that was written
    bool padded = false;                   // and more was written than that
    std::set<const std::byte*> patterned;  // slots that hold a pattern
    copy_report report;
    latency_histogram reads, writes;
};

// A storage that was direct when the copy began may have fallen back to the page cache: then the
// processor has been copying into and out of a device's memory.
void check_direct(const copying& job, const io::storage& storage) {
    if (!job.via.staging.on_device() || storage.traits().direct) return;
    throw system_error{make_error_code(boost::system::errc::operation_not_supported),
                       storage.traits().buffered_reason};
}

// Returns how much of the chunk there was.
awaitable<std::uint32_t> read_chunk(copying& job, copy_chunk chunk, bytes_span slot) {
    const std::size_t wanted_bytes = round_up(chunk.length_bytes, job.setup.source_block_bytes);
    const std::uint64_t at = job.options.source_offset_bytes + chunk.offset_bytes;
    const clock::time_point start = clock::now();
    const std::size_t got_bytes = co_await job.via.source.read(at, slot.first(wanted_bytes));
    job.reads.add(clock::now() - start);
    check_direct(job, job.via.source);

    const auto bytes =
        static_cast<std::uint32_t>(std::min<std::size_t>(got_bytes, chunk.length_bytes));
    if (bytes < chunk.length_bytes) {
        if (job.plan.length_known()) throw system_error{format_errc::source_changed};
        job.plan.end();
    }
    job.report.bytes_read += bytes;
    job.via.progress.bytes_in.fetch_add(bytes, std::memory_order_relaxed);
    co_return bytes;
}

// A slot on a device is not for the processor to load from: what it must see is read once more.
awaitable<> read_again(copying& job, std::uint64_t offset_bytes, bytes_span into) {
    const cover part = cover_of(offset_bytes, into.size(), job.setup.source_block_bytes);
    const aligned_memory memory(job.setup.bounce_alignment_bytes,
                                round_up(part.length_bytes, job.setup.bounce_alignment_bytes));
    const bytes_span blocks = memory.span().first(part.length_bytes);
    const std::size_t got_bytes = co_await job.via.source.read(part.offset_bytes, blocks);
    if (got_bytes < part.skip_bytes + into.size()) throw system_error{format_errc::source_changed};
    std::ranges::copy(blocks.subspan(part.skip_bytes, into.size()), into.begin());
}

// The last partial block, by way of host memory, with what the target has behind it, or zeros.
// `rest` is its place in the slot.
awaitable<> bounce(copying& job, std::uint64_t offset_bytes, bytes_view rest) {
    const std::uint64_t to = job.options.target_offset_bytes + offset_bytes;
    const aligned_memory memory(job.setup.bounce_alignment_bytes, job.setup.bounce_alignment_bytes);
    const bytes_span block = memory.span().first(job.setup.target_block_bytes);
    std::ranges::fill(block, std::byte{0});
    if (job.via.target->traits().fixed_size) co_await job.via.target->read(to, block);
    if (job.via.staging.on_device())
        co_await read_again(job, job.options.source_offset_bytes + offset_bytes,
                            block.first(rest.size()));
    else
        std::ranges::copy(rest, block.begin());
    co_await job.via.target->write(to, block);
    job.report.bytes_bounced += rest.size();
}

// The piece of the slot to write for so many bytes of content, where what follows them in the slot
// may be written as well: it is cut off at the end.
bytes_view whole_blocks(copying& job, std::uint32_t bytes, bytes_span slot) {
    const std::size_t written_bytes = round_up(bytes, job.setup.target_block_bytes);
    // Only a device leaves its own bytes there: the rest of the source's block.
    if (!job.via.staging.on_device())
        std::ranges::fill(slot.subspan(bytes, written_bytes - bytes), std::byte{0});
    return slot.first(written_bytes);
}

// A slot on a device holds the source's last block and no more than that.
bool may_pad(const copying& job, std::uint32_t bytes) {
    if (job.via.target->traits().fixed_size) return false;
    return !job.via.staging.on_device() || round_up(bytes, job.setup.source_block_bytes) >=
                                               round_up(bytes, job.setup.target_block_bytes);
}

awaitable<> write_chunk(copying& job, copy_chunk chunk, std::uint32_t bytes, bytes_span slot) {
    const std::uint64_t at = job.options.target_offset_bytes + chunk.offset_bytes;
    const std::uint32_t whole_bytes =
        static_cast<std::uint32_t>(round_down(bytes, job.setup.target_block_bytes));
    const std::uint32_t rest_bytes = bytes - whole_bytes;
    const bool pads = rest_bytes > 0 && may_pad(job, bytes);
    const bytes_view from = pads ? whole_blocks(job, bytes, slot) : slot.first(whole_bytes);

    if (!from.empty()) {
        const clock::time_point start = clock::now();
        co_await job.via.target->write(at, from);
        job.writes.add(clock::now() - start);
        check_direct(job, *job.via.target);
    }
    if (rest_bytes > 0 && !pads)
        co_await bounce(job, chunk.offset_bytes + whole_bytes,
                        slot.subspan(whole_bytes, rest_bytes));

    job.padded = job.padded || rest_bytes > 0;
    job.end_bytes = std::max(job.end_bytes, at + bytes);
    job.report.bytes_written += bytes;
    job.via.progress.bytes_out.fetch_add(bytes, std::memory_order_relaxed);
}

awaitable<> sum_chunk(copying& job, copy_chunk chunk, bytes_view data) {
    const std::uint32_t crc32 = co_await job.via.lane.engine().checksum(
        accel::checksum_kind::crc32, accel::checksum_seed(accel::checksum_kind::crc32), data,
        job.via.flow);
    job.sum->add(chunk.index, crc32, data.size());
}

// Once for each slot, and before anything is measured with it: what other jobs left there is not
// for this target, and zeros some SSDs do not store.
void fill_once(copying& job, bytes_span slot) {
    if (job.patterned.insert(slot.data()).second) write_pattern(slot);
}

awaitable<> move_chunks(copying& job) {
    while (const std::optional<copy_chunk> chunk = job.plan.next(clock::now())) {
        job.check_stop();
        const io::staging_lease slot = co_await job.via.staging.acquire(job.via.flow, job.via.stop);
        job.check_stop();

        std::uint32_t bytes = chunk->length_bytes;
        if (job.options.read)
            bytes = co_await read_chunk(job, *chunk, slot.memory());
        else
            fill_once(job, slot.memory());
        job.check_stop();
        if (job.sum) co_await sum_chunk(job, *chunk, slot.memory().first(bytes));
        if (job.options.write) co_await write_chunk(job, *chunk, bytes, slot.memory());
        ++job.report.chunks;
    }
}

awaitable<> set_size(copying& job) {
    io::storage* const target = job.options.write ? job.via.target : nullptr;
    if (!target || !target->traits().seekable || target->traits().fixed_size) co_return;
    const bool longer = target->traits().size_bytes.value_or(0) > job.end_bytes;
    // A hole at the end.
    const bool shorter = !job.options.holes.empty() && job.end_bytes < job.setup.length_bytes;
    if (shorter) job.end_bytes = job.setup.length_bytes;
    if (job.padded || longer || shorter) co_await target->truncate(job.end_bytes);
}

awaitable<> run(copying& job) {
    const clock::time_point start = clock::now();
    const std::uint64_t movers = std::min<std::uint64_t>(job.setup.depth, job.plan.chunks_max());
    for (std::uint64_t mover = 0; mover < movers; ++mover) job.group.spawn(move_chunks(job));
    co_await job.group.join();
    co_await set_size(job);
    job.report.took = clock::now() - start;
}

}  // namespace

awaitable<copy_report> copy(copy_route route, copy_options options) {
    copying job(route, options);
    co_await run(job);
    if (options.latencies && options.read) job.report.reads = job.reads.summary();
    if (options.latencies && options.write) job.report.writes = job.writes.summary();
    co_return job.report;
}

awaitable<storage_checksum> checksum(copy_route route, std::uint64_t offset_bytes,
                                     std::optional<std::uint64_t> length_bytes) {
    if (route.staging.on_device())
        throw system_error{make_error_code(boost::system::errc::invalid_argument),
                           "a checksum needs host memory"};
    const copy_options options{
        .source_offset_bytes = offset_bytes, .length_bytes = length_bytes, .write = false};
    ordered_checksum sum;
    copying job(route, options);
    job.sum = &sum;
    co_await run(job);
    co_return storage_checksum{.crc32 = sum.value(), .bytes = sum.bytes()};
}

}  // namespace peerpress::pipeline
