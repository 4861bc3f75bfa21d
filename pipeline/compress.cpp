#include "pipeline/chunk.hpp"
#include "pipeline/framing.hpp"
#include "pipeline/level_governor.hpp"
#include "pipeline/output.hpp"
#include "pipeline/transfer.hpp"
#include "pipeline/workers.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace peerpress::pipeline {
namespace {

// What the chunks of one transfer share. It outlives them all.
struct compression {
    compression(const route& on, const framing& cut, level_governor* level_governor)
        : via(on),
          how(cut),
          governor(level_governor),
          workers(on),
          target(on.target, on.progress),
          sum(checksum_kind_of(cut.container)) {}

    const route& via;
    const framing how;
    level_governor* const governor;
    pipeline::workers workers;
    output target;
    running_checksum sum;
    std::uint64_t members = 0;
    std::map<int, std::uint64_t> level_bytes;  // with a governor
};

// A chunk's time in the engine, as its governor sees it.
class governed_chunk {
public:
    explicit governed_chunk(level_governor* governor) : governor_(governor) {
        if (!governor_) return;
        governor_->enter(std::chrono::steady_clock::now());
        level_ = governor_->level();
    }
    governed_chunk(const governed_chunk&) = delete;
    governed_chunk& operator=(const governed_chunk&) = delete;
    ~governed_chunk() {
        if (governor_) governor_->leave(level_, bytes_, std::chrono::steady_clock::now());
    }

    int level_or(int otherwise) const { return governor_ ? level_ : otherwise; }
    void done(std::uint64_t bytes) { bytes_ = bytes; }

private:
    level_governor* governor_;
    int level_ = 0;
    std::uint64_t bytes_ = 0;
};

std::uint32_t source_block_bytes(const compression& job) {
    return block_bytes(job.via.source.traits().alignment);
}

// The last chunk is read one byte further, so that a source that has grown is noticed.
awaitable<bytes_view> read_chunk(compression& job, chunk_plan chunk, bytes_span into) {
    const std::uint64_t wanted_bytes = chunk.length_bytes + (chunk.last ? 1 : 0);
    const cover part = cover_of(chunk.offset_bytes, wanted_bytes, source_block_bytes(job));
    const std::size_t read_bytes =
        co_await job.via.source.read(part.offset_bytes, into.first(part.length_bytes));
    const std::size_t end = part.skip_bytes + chunk.length_bytes;
    if (read_bytes < end || (chunk.last && read_bytes > end))
        throw system_error{format_errc::source_changed};
    co_return into.subspan(part.skip_bytes, chunk.length_bytes);
}

// Takes the piece's place in the output. Only the chunk whose turn it is comes here.
extent place(compression& job, chunk_plan chunk, piece made, io::staging_lease& slot) {
    job.sum.append(made.checksum, chunk.length_bytes);
    job.members += made.members;
    if (chunk.last)
        made.bytes +=
            write_stream_trailer(job.how.container, slot.output().subspan(made.bytes), job.sum);
    job.via.progress.bytes_in.fetch_add(chunk.length_bytes, std::memory_order_relaxed);
    // The input has been compressed: its half of the slot is free for packing.
    return job.target.place(slot.output().first(made.bytes), slot.input(), chunk.last);
}

awaitable<piece> deflate_chunk(compression& job, chunk_plan chunk, bytes_view data,
                               bytes_span output) {
    governed_chunk governed(job.governor);
    framing how = job.how;
    how.level = governed.level_or(how.level);
    const piece made =
        co_await make_piece(job.via.lane.engine(), job.via.flow, how, chunk, data, output);
    governed.done(data.size());
    if (job.governor) job.level_bytes[how.level] += data.size();
    co_return made;
}

awaitable<> compress_chunk(compression& job, chunk_plan chunk, bytes_view data,
                           io::staging_lease slot) {
    const piece made = co_await deflate_chunk(job, chunk, data, slot.output());
    job.workers.check_stop();

    // Members lie in chunk order so that gunzip sees one stream: here alone chunks wait for each
    // other.
    co_await job.workers.order().turn(chunk.index);
    const extent taken = place(job, chunk, made, slot);
    co_await job.target.write(taken, job.workers.order());
}

awaitable<> move_chunk(compression& job, chunk_plan chunk, io::staging_lease slot) {
    const bytes_view data = co_await read_chunk(job, chunk, slot.input());
    job.workers.check_stop();
    co_await compress_chunk(job, chunk, data, std::move(slot));
}

// A regular file: many reads are in flight, each chunk does its own.
awaitable<> cut_file(compression& job, std::uint64_t size_bytes) {
    for (std::uint64_t index = 0;; ++index) {
        io::staging_lease slot = co_await job.workers.acquire(index);
        const chunk_plan chunk = plan_chunk(index, size_bytes, job.how.chunk_bytes);
        job.workers.start(move_chunk(job, chunk, std::move(slot)));
        if (chunk.last) co_return;
    }
}

// A source that ends where it ends: reads follow one another, and the first short one is the last.
awaitable<> cut_stream(compression& job) {
    const std::uint32_t block = source_block_bytes(job);
    std::uint64_t offset_bytes = 0;
    for (std::uint64_t index = 0;; ++index) {
        io::staging_lease slot = co_await job.workers.acquire(index);
        const cover part = cover_of(offset_bytes, job.how.chunk_bytes, block);
        const std::size_t read_bytes =
            co_await job.via.source.read(part.offset_bytes, slot.input().first(part.length_bytes));
        const std::size_t past_skip =
            read_bytes - std::min<std::size_t>(read_bytes, part.skip_bytes);
        const std::size_t length_bytes = std::min<std::size_t>(past_skip, job.how.chunk_bytes);
        const bytes_view data = slot.input().subspan(part.skip_bytes, length_bytes);
        const chunk_plan chunk{.index = index,
                               .offset_bytes = offset_bytes,
                               .length_bytes = static_cast<std::uint32_t>(length_bytes),
                               .last = length_bytes < job.how.chunk_bytes};
        job.workers.start(compress_chunk(job, chunk, data, std::move(slot)));
        if (chunk.last) co_return;
        offset_bytes += length_bytes;
    }
}

// A size of zero is not believed: /proc and /sys claim it for files that have content.
awaitable<> cut_source(compression& job) {
    const io::storage_traits& traits = job.via.source.traits();
    const std::uint64_t size_bytes = traits.size_bytes.value_or(0);
    if (traits.seekable && size_bytes > 0) return cut_file(job, size_bytes);
    return cut_stream(job);
}

// Chunk, alignment at both its ends, and what frames it must fit a half of a slot.
framing framing_for(const route& via, const compress_options& options) {
    const io::staging_pool& staging = via.lane.staging();
    const std::size_t half_bytes = staging.options().input_bytes + staging.options().slack_bytes;
    const std::size_t source_margin = std::size_t{2} * block_bytes(via.source.traits().alignment);
    const std::size_t target_margin =
        via.target ? 2 * block_bytes(via.target->traits().alignment) : 0;
    const framing how = make_framing(options, via.lane.engine(), staging.options().input_bytes,
                                     half_bytes - target_margin);
    if (how.chunk_bytes + source_margin > half_bytes)
        throw system_error{make_error_code(boost::system::errc::invalid_argument)};
    return how;
}

}  // namespace

awaitable<transfer_report> compress(route route, compress_options options) {
    compression job(route, framing_for(route, options), options.governor);
    job.workers.start(cut_source(job));
    co_await job.workers.join();
    co_await job.target.finish();
    transfer_report report{.bytes_in = job.sum.bytes(),
                           .bytes_out = job.target.bytes(),
                           .crc32 = job.sum.value(),
                           .members = job.members};
    for (const auto& [level, bytes] : job.level_bytes) report.levels.push_back({level, bytes});
    co_return report;
}

}  // namespace peerpress::pipeline
