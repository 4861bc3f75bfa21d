#include "io/event.hpp"
#include "pipeline/checksum.hpp"
#include "pipeline/chunk.hpp"
#include "pipeline/device_sites.hpp"
#include "pipeline/device_transfer.hpp"
#include "pipeline/own_progress.hpp"
#include "pipeline/software_member.hpp"
#include "pipeline/workers.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace peerpress::pipeline {
namespace {

constexpr const char* no_device = "no device serves";

// What the chunks of one transfer share. It outlives them all.
struct device_compression {
    device_compression(const device_route& on, const device_compress_options& wanted);

    io::storage& source() const { return via.host.source; }
    io::storage& target() const { return *via.host.target; }

    const device_route& via;
    const device_compress_options options;
    own_progress progress;
    pipeline::workers workers;
    const std::uint64_t size_bytes;
    const std::size_t span_bytes;
    const std::uint32_t source_block_bytes;
    const std::uint32_t target_block_bytes;
    const std::uint32_t chunk_bytes;

    // Of the chunks that a device could not do, one is redone at a time, in these.
    std::vector<io::staging_lease> spares;
    bool redoing = false;
    io::event redone;

    // Touched only by the chunk whose turn it is.
    std::uint64_t end_bytes = 0;  // of the target
    running_checksum sum{accel::checksum_kind::crc32};
    std::uint64_t members = 0;
    device_report report;
};

// A chunk begins on a block of the source, leaves room for its member in the span, and fits the
// slots of software.
std::uint32_t chunk_bytes_for(const device_route& via, const device_compress_options& options) {
    std::uint32_t bytes = accel::member_input_bytes(common_span_bytes(via.sites));
    bytes = std::min(bytes, options.member_bytes);
    if (via.software) bytes = std::min(bytes, via.host.lane.staging().options().input_bytes);
    bytes = static_cast<std::uint32_t>(round_down(bytes, device_block_bytes(via.host.source)));
    if (bytes == 0) throw system_error{make_error_code(boost::system::errc::invalid_argument)};
    return bytes;
}

device_compression::device_compression(const device_route& on,
                                       const device_compress_options& wanted)
    : via(on),
      options(wanted),
      progress(on.host.progress),
      workers(on.host),
      size_bytes(on.host.source.traits().size_bytes.value_or(0)),
      span_bytes(common_span_bytes(on.sites)),
      source_block_bytes(device_block_bytes(on.host.source)),
      target_block_bytes(device_block_bytes(*on.host.target)),
      chunk_bytes(chunk_bytes_for(on, wanted)),
      redone(on.host.lane.executor()) {
    assert(size_bytes > 0 && !via.sites.empty());
    check_direct(source());
    check_direct(target());
    report.site_bytes.resize(via.sites.size());
}

// A piece of the output: where it lies in memory, and where it belongs in the target.
struct placed_member {
    std::uint64_t offset_bytes = 0;
    bytes_view bytes;
};

// Takes the member's place in the output. Only the chunk whose turn it is comes here.
placed_member place(device_compression& job, chunk_plan chunk, bytes_view member,
                    std::uint32_t crc32) {
    const placed_member placed{.offset_bytes = job.end_bytes, .bytes = member};
    job.end_bytes += member.size();
    job.sum.append(crc32, chunk.length_bytes);
    job.members += 1;
    job.progress.add_in(chunk.length_bytes);
    job.workers.order().pass();
    return placed;
}

awaitable<> write(device_compression& job, placed_member member) {
    co_await job.target().write(member.offset_bytes, member.bytes);
    job.progress.add_out(member.bytes.size());
}

bool is_sample(const device_compression& job, chunk_plan chunk) {
    const std::uint32_t every = job.options.sample_every;
    return every > 0 && (chunk.index % every == 0 || chunk.last);
}

// As whoever uses the output will do it: the processor's own decoder, and the source read anew.
awaitable<> compare_sample(device_compression& job, chunk_plan chunk, placed_member written) {
    error_code differs;
    try {
        private_read output(job.target(), written.offset_bytes, written.bytes.size());
        const bytes_view member = co_await output.read(job.target());
        private_read input(job.source(), chunk.offset_bytes, chunk.length_bytes);
        const bytes_view expected = co_await input.read(job.source());
        std::vector<std::byte> data(chunk.length_bytes);
        co_await read_software_member(job.via.host, member, data);
        if (!std::ranges::equal(data, expected)) differs = format_errc::mismatch;
        job.report.sampled_bytes += chunk.length_bytes;
    } catch (const system_error& failed) {
        if (failed.code().category() != format_category() ||
            failed.code() == format_errc::source_changed)
            throw;
        differs = failed.code();
    }
    if (differs) throw format_error(format_errc::mismatch, chunk.index, written.offset_bytes);
}

// In its turn.
awaitable<> write_software_member(device_compression& job, chunk_plan chunk, software_member made,
                                  std::string why) {
    if (job.report.software_bytes == 0) job.report.software_reason = std::move(why);
    job.report.software_bytes += chunk.length_bytes;
    job.via.on_bytes(std::nullopt, chunk.length_bytes);
    const placed_member placed = place(job, chunk, made.bytes, made.crc32);
    co_await write(job, placed);
}

// Whole blocks of the source, the chunk at their front.
awaitable<> read_chunk(device_compression& job, chunk_plan chunk, bytes_span memory) {
    const auto read_bytes =
        static_cast<std::size_t>(round_up(chunk.length_bytes, job.source_block_bytes));
    const std::size_t got_bytes =
        co_await job.source().read(chunk.offset_bytes, memory.first(read_bytes));
    if (got_bytes < chunk.length_bytes) throw system_error{format_errc::source_changed};
}

awaitable<software_member> compress_by_software(device_compression& job, chunk_plan chunk,
                                                bytes_span memory, bytes_span scratch) {
    co_await read_chunk(job, chunk, memory);
    co_return co_await make_software_member(job.via.host, job.options.level, memory,
                                            chunk.length_bytes, scratch, job.target_block_bytes);
}

awaitable<> redo_by_software(device_compression& job, chunk_plan chunk, std::string why) {
    if (!job.via.software) throw accel::device_error(accel::device_errc::redo_elsewhere, why);
    const std::size_t bytes =
        software_member_bytes_max(job.via.host.lane.engine(), chunk.length_bytes,
                                  std::max(job.target_block_bytes, job.source_block_bytes));
    const aligned_memory memory(job.target_block_bytes, bytes);
    const aligned_memory scratch(job.target_block_bytes, bytes);
    const software_member made =
        co_await compress_by_software(job, chunk, memory.span(), scratch.span());
    co_await write_software_member(job, chunk, made, why);
}

// A chunk that no device was there for.
awaitable<> move_by_software(device_compression& job, chunk_plan chunk, io::staging_lease slot) {
    const software_member made =
        co_await compress_by_software(job, chunk, slot.input(), slot.output());
    job.workers.check_stop();
    co_await job.workers.order().turn(chunk.index);
    co_await write_software_member(job, chunk, made, no_device);
}

// In its turn.
awaitable<> write_member(device_compression& job, chunk_plan chunk, std::size_t site,
                         bytes_view member, std::uint32_t crc32) {
    job.report.site_bytes[site] += chunk.length_bytes;
    job.via.on_bytes(site, chunk.length_bytes);
    const placed_member placed = place(job, chunk, member, crc32);
    co_await write(job, placed);
    check_direct(job.target());
    if (is_sample(job, chunk)) co_await compare_sample(job, chunk, placed);
}

accel::member_request request_for(const device_compression& job, chunk_plan chunk,
                                  bytes_span span) {
    return {.span = span,
            .input_bytes = chunk.length_bytes,
            .output_offset_bytes =
                static_cast<std::uint32_t>(round_up(chunk.length_bytes, job.source_block_bytes)),
            .alignment_bytes = job.target_block_bytes,
            .level = job.options.level,
            .checked = job.options.checked};
}

bool may_redo(error_code failed) {
    return failed == accel::device_errc::redo_elsewhere ||
           failed == accel::codec_errc::output_too_small;
}

struct attempt {
    bytes_view member{};
    std::uint32_t crc32 = 0;
    std::string why{};       // it was not done
    bool elsewhere = false;  // by this device, that is
};

awaitable<attempt> compress_on(device_compression& job, chunk_plan chunk, std::size_t site,
                               const io::staging_lease& slot) {
    const bytes_span span = slot.memory().first(job.span_bytes);
    co_await read_chunk(job, chunk, span);
    check_direct(job.source());
    job.workers.check_stop();

    const accel::member_request request = request_for(job, chunk, span);
    attempt made;
    try {
        const accel::member_made member = co_await job.via.sites[site].engine.compress(request);
        made.member = span.subspan(request.output_offset_bytes, member.bytes);
        made.crc32 = member.crc32;
    } catch (const system_error& failed) {
        if (!may_redo(failed.code())) throw;
        made.why = device_reason(failed);
        made.elsewhere = failed.code() == accel::device_errc::redo_elsewhere;
    }
    job.workers.check_stop();
    co_return made;
}

// Lets the next one that waits to be redone begin.
class redo_turn {
public:
    explicit redo_turn(device_compression& job) : job_(job) { job_.redoing = true; }
    redo_turn(const redo_turn&) = delete;
    redo_turn& operator=(const redo_turn&) = delete;
    ~redo_turn() {
        job_.redoing = false;
        job_.redone.notify_all();
    }

private:
    device_compression& job_;
};

// A chunk that was begun on a device, which could not do it. One at a time, and in memory that was
// set aside: chunks behind it may hold every other slot there is, and wait for it.
awaitable<> redo_chunk(device_compression& job, chunk_plan chunk, std::size_t failed_site,
                       attempt made) {
    co_await job.workers.order().turn(chunk.index);
    while (job.redoing) co_await job.redone.wait();
    const redo_turn turn(job);
    job.workers.check_stop();
    std::vector<bool> tried(job.via.sites.size());
    tried[failed_site] = true;
    while (made.elsewhere) {
        const std::optional<std::size_t> site = pick_spare(job.via.sites, job.spares, tried);
        if (!site) break;
        tried[*site] = true;
        made = co_await compress_on(job, chunk, *site, job.spares[*site]);
        if (made.why.empty()) {
            co_await write_member(job, chunk, *site, made.member, made.crc32);
            co_return;
        }
    }
    co_await redo_by_software(job, chunk, std::move(made.why));
}

awaitable<> move_chunk(device_compression& job, chunk_plan chunk, std::size_t site,
                       io::staging_lease slot) {
    attempt made = co_await compress_on(job, chunk, site, slot);
    if (made.why.empty()) {
        co_await job.workers.order().turn(chunk.index);
        co_await write_member(job, chunk, site, made.member, made.crc32);
    } else {
        slot = {};
        co_await redo_chunk(job, chunk, site, std::move(made));
    }
}

// Chunks that are to be redone hold no slot, so that slots do not bound them: a device that refuses
// one after the other would have the whole file wait.
std::uint64_t chunks_ahead_max(const device_compression& job) {
    std::uint64_t slots = job.via.host.lane.staging().options().slots;
    for (const device_site& site : job.via.sites) slots += site.staging.options().slots;
    return 2 * slots;
}

awaitable<> cut_source(device_compression& job) {
    const std::uint64_t ahead_max = chunks_ahead_max(job);
    for (std::uint64_t index = 0;;) {
        co_await job.workers.order().keep_within(index, ahead_max);
        const chunk_plan chunk = plan_chunk(index, job.size_bytes, job.chunk_bytes);
        const std::optional<std::size_t> site = pick_site(job.via.sites);
        job.workers.check_stop();
        if (site) {
            const device_site& at = job.via.sites[*site];
            io::staging_lease slot = co_await at.staging.acquire(at.flow);
            job.workers.check_stop();
            if (!at.engine.serving()) continue;  // since it was picked
            job.workers.start(move_chunk(job, chunk, *site, std::move(slot)));
        } else if (job.via.software) {
            io::staging_lease slot = co_await job.workers.acquire(index);
            job.workers.start(move_by_software(job, chunk, std::move(slot)));
        } else {
            throw accel::device_error(accel::device_errc::redo_elsewhere, no_device);
        }
        if (chunk.last) co_return;
        ++index;
    }
}

// Members are whole blocks, so that nothing is left over; an output that was longer is cut.
awaitable<> set_size(device_compression& job) {
    if (job.target().traits().size_bytes.value_or(0) > job.end_bytes)
        co_await job.target().truncate(job.end_bytes);
}

}  // namespace

awaitable<device_report> compress_on_devices(device_route route, device_compress_options options) {
    device_compression job(route, options);
    std::vector<io::staging_lease> spares = co_await take_spares(job.via.sites);
    job.spares = std::move(spares);
    job.workers.start(cut_source(job));
    co_await job.workers.join();
    co_await set_size(job);
    job.progress.keep();
    job.report.transfer = {.bytes_in = job.sum.bytes(),
                           .bytes_out = job.end_bytes,
                           .crc32 = job.sum.value(),
                           .members = job.members};
    co_return std::move(job.report);
}

}  // namespace peerpress::pipeline
