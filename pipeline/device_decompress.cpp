#include "pipeline/chunk.hpp"
#include "pipeline/device_sites.hpp"
#include "pipeline/device_transfer.hpp"
#include "pipeline/gzip/member.hpp"
#include "pipeline/member_hops.hpp"
#include "pipeline/ordered_checksum.hpp"
#include "pipeline/own_progress.hpp"
#include "pipeline/software_member.hpp"
#include "pipeline/workers.hpp"

#include <algorithm>
#include <utility>

namespace peerpress::pipeline {
namespace {

// A member and where its data belong.
struct member_plan {
    std::uint64_t index = 0;
    member_entry member;
    std::uint64_t data_offset_bytes = 0;
};

// Where a member and its data lie in a slot.
struct slot_layout {
    cover source;
    std::uint32_t output_offset_bytes = 0;
    std::uint64_t span_bytes = 0;  // up to the end of the data, whole blocks of the target
};

struct device_blocks {
    std::uint32_t source_bytes = 4096;
    std::uint32_t target_bytes = 4096;
};

device_blocks blocks_of(const device_route& via) {
    device_blocks blocks;
    blocks.source_bytes = device_block_bytes(via.host.source);
    if (via.host.target) blocks.target_bytes = device_block_bytes(*via.host.target);
    return blocks;
}

slot_layout lay_out(const member_entry& member, device_blocks blocks) {
    slot_layout made;
    made.source = cover_of(member.offset_bytes, member.member_bytes, blocks.source_bytes);
    made.output_offset_bytes = static_cast<std::uint32_t>(
        round_up(made.source.length_bytes, std::max(blocks.source_bytes, blocks.target_bytes)));
    made.span_bytes = made.output_offset_bytes + round_up(member.data_bytes, blocks.target_bytes);
    return made;
}

// What the members of one transfer share. It outlives them all.
struct device_decompression {
    device_decompression(const device_route& on, const device_decompress_options& wanted)
        : via(on),
          options(wanted),
          progress(on.host.progress),
          workers(on.host),
          blocks(blocks_of(on)),
          span_bytes(common_span_bytes(on.sites)),
          hops(on.host.source) {
        check_direct(on.host.source);
        if (on.host.target) check_direct(*on.host.target);
        report.site_bytes.resize(on.sites.size());
    }

    io::storage& source() const { return via.host.source; }

    const device_route& via;
    const device_decompress_options options;
    own_progress progress;
    pipeline::workers workers;
    const device_blocks blocks;
    const std::size_t span_bytes;
    member_hops hops;
    ordered_checksum sum;
    std::uint64_t data_bytes = 0;
    device_report report;
};

awaitable<> read_into_slot(device_decompression& job, const cover part, bytes_span slot) {
    const std::size_t got_bytes =
        co_await job.source().read(part.offset_bytes, slot.first(part.length_bytes));
    // The last member ends where the source does, mostly within a block.
    const std::uint64_t end = job.source().traits().size_bytes.value_or(0);
    const std::uint64_t there = std::min<std::uint64_t>(end - part.offset_bytes, part.length_bytes);
    if (got_bytes < there) throw system_error{format_errc::source_changed};
    check_direct(job.source());
}

// Whole blocks: behind the last data the target is cut off.
awaitable<> write_data(device_decompression& job, const member_plan& plan, bytes_view from) {
    if (!job.via.host.target) co_return;
    co_await job.via.host.target->write(plan.data_offset_bytes, from);
    job.progress.add_out(plan.member.data_bytes);
}

void account(device_decompression& job, const member_plan& plan, std::uint32_t crc32) {
    job.sum.add(plan.index, crc32, plan.member.data_bytes);
    job.progress.add_in(plan.member.member_bytes);
}

struct attempt {
    bool done = false;
    bool blames_data = false;
    std::string why{};
};

format_error blame(const member_plan& plan, format_errc errc) {
    return {errc, plan.index, plan.member.offset_bytes};
}

awaitable<attempt> decode_on(device_decompression& job, const member_plan plan,
                             const std::size_t site, const io::staging_lease& slot) {
    const slot_layout layout = lay_out(plan.member, job.blocks);
    const bytes_span span = slot.memory().first(layout.span_bytes);
    co_await read_into_slot(job, layout.source, span);
    job.workers.check_stop();

    const accel::member_data_request request{
        .span = span,
        .skip_bytes = layout.source.skip_bytes,
        .member_bytes = static_cast<std::uint32_t>(plan.member.member_bytes),
        .output_offset_bytes = layout.output_offset_bytes};
    accel::member_data data;
    attempt made;
    try {
        data = co_await job.via.sites[site].engine.decompress(request);
    } catch (const system_error& failed) {
        made.blames_data = failed.code().category() == accel::codec_category();
        if (failed.code() != accel::device_errc::redo_elsewhere && !made.blames_data) throw;
        made.why = device_reason(failed);
    }
    if (made.why.empty() && data.bytes != plan.member.data_bytes)
        made = {.blames_data = true, .why = "a member is not as long as it says"};
    else if (made.why.empty() && data.crc32 != plan.member.crc32)
        made = {.blames_data = true, .why = "a member's data have another checksum than it says"};
    if (!made.why.empty()) co_return made;
    job.workers.check_stop();
    co_await write_data(job, plan, span.subspan(layout.output_offset_bytes));
    if (job.via.host.target) check_direct(*job.via.host.target);
    account(job, plan, data.crc32);
    job.report.site_bytes[site] += plan.member.member_bytes;
    job.via.on_bytes(site, plan.member.member_bytes);
    made.done = true;
    co_return made;
}

awaitable<> decode_by_software(device_decompression& job, const member_plan plan, std::string why) {
    if (!job.via.software) throw accel::device_error(accel::device_errc::redo_elsewhere, why);
    private_read input(job.source(), plan.member.offset_bytes, plan.member.member_bytes);
    const bytes_view member = co_await input.read(job.source());
    const std::uint64_t data_bytes = plan.member.data_bytes;
    const aligned_memory output(job.blocks.target_bytes,
                                round_up(data_bytes, job.blocks.target_bytes));
    const bytes_span whole = output.span();
    std::ranges::fill(whole.subspan(data_bytes), std::byte{0});
    std::uint32_t crc32 = 0;
    std::optional<format_error> broken;
    try {
        crc32 = co_await read_software_member(job.via.host, member, whole.first(data_bytes));
    } catch (const system_error& failed) {
        if (failed.code().category() != format_category()) throw;
        broken = blame(plan, static_cast<format_errc>(failed.code().value()));
    }
    if (broken) throw *broken;
    if (job.report.software_bytes == 0) job.report.software_reason = why;
    job.report.software_bytes += plan.member.member_bytes;
    job.via.on_bytes(std::nullopt, plan.member.member_bytes);
    co_await write_data(job, plan, whole);
    account(job, plan, crc32);
}

// Members know nothing of each other and their places are known, so that one that waits for
// another device's slot keeps nobody waiting.
awaitable<> move_member(device_decompression& job, const member_plan plan, std::size_t site,
                        io::staging_lease slot) {
    attempt made = co_await decode_on(job, plan, site, slot);
    for (std::size_t others = job.via.sites.size() - 1;
         !made.done && !made.blames_data && others > 0; --others) {
        const std::optional<std::size_t> next = pick_site(job.via.sites);
        if (!next || *next == site) break;
        site = *next;
        slot = {};
        const device_site& at = job.via.sites[site];
        slot = co_await at.staging.acquire(at.flow);
        job.workers.check_stop();
        made = co_await decode_on(job, plan, site, slot);
    }
    // It keeps its slot, which bounds how many members are in memory.
    if (made.done) co_return;
    co_await decode_by_software(job, plan, std::move(made.why));
    // Software has the last word on data.
    if (made.blames_data)
        job.via.sites[site].engine.distrust("it does not decode a member that is good");
}

awaitable<> decode_in_turn(device_decompression& job, const member_plan plan,
                           io::staging_lease slot) {
    co_await decode_by_software(job, plan, "no device serves");
    slot = {};
}

std::string obstacle_of(const member_entry& member, std::uint64_t data_offset_bytes,
                        device_blocks blocks, std::size_t span_bytes) {
    if (member.data_bytes == 0) return "a member holds no data";
    // What a header claims may be more than a layout can count.
    if (member.member_bytes > span_bytes || member.data_bytes > span_bytes ||
        lay_out(member, blocks).span_bytes > span_bytes)
        return "member exceeds device span";
    if (data_offset_bytes % blocks.target_bytes != 0)
        return "a member's data are no whole blocks of the target";
    return {};
}

// The source may have become another since it was found to fit.
void check_fit(const device_decompression& job, const member_plan& plan) {
    if (!obstacle_of(plan.member, plan.data_offset_bytes, job.blocks, job.span_bytes).empty())
        throw system_error{format_errc::source_changed};
    if (plan.data_offset_bytes + plan.member.data_bytes > job.options.output_bytes_max)
        throw blame(plan, format_errc::output_limit);
}

awaitable<> cut_source(device_decompression& job) {
    member_plan plan;
    while (const std::optional<member_entry> found = co_await job.hops.next()) {
        plan.member = *found;
        check_fit(job, plan);
        const std::optional<std::size_t> site = pick_site(job.via.sites);
        job.workers.check_stop();
        if (site) {
            const device_site& at = job.via.sites[*site];
            io::staging_lease slot = co_await at.staging.acquire(at.flow);
            job.workers.check_stop();
            job.workers.start(move_member(job, plan, *site, std::move(slot)));
        } else {
            io::staging_lease slot = co_await job.workers.acquire(plan.index);
            job.workers.start(decode_in_turn(job, plan, std::move(slot)));
        }
        plan.index += 1;
        plan.data_offset_bytes += found->data_bytes;
    }
    job.data_bytes = plan.data_offset_bytes;
}

awaitable<> set_size(device_decompression& job) {
    io::storage* const target = job.via.host.target;
    if (!target) co_return;
    const std::uint64_t size_bytes = target->traits().size_bytes.value_or(0);
    if (size_bytes != job.data_bytes) co_await target->truncate(job.data_bytes);
}

}  // namespace

awaitable<device_fit> fit_devices(const device_route& route, device_decompress_options options) {
    const device_blocks blocks = blocks_of(route);
    const std::size_t span_bytes = common_span_bytes(route.sites);
    const std::uint64_t size_bytes = route.host.source.traits().size_bytes.value_or(0);
    member_hops hops(route.host.source);
    device_fit found;
    try {
        while (const std::optional<member_entry> member = co_await hops.next()) {
            found.obstacle = obstacle_of(*member, found.data_bytes, blocks, span_bytes);
            if (!found.obstacle.empty()) co_return found;
            found.members += 1;
            found.data_bytes += member->data_bytes;
        }
    } catch (const system_error& failed) {
        if (failed.code() != format_errc::range_unsupported) throw;
        found.obstacle = "its members carry no sizes";
        co_return found;
    }
    if (hops.offset_bytes() != size_bytes) found.obstacle = "something follows its last member";
    if (found.data_bytes > options.output_bytes_max) found.obstacle = "more data than is allowed";
    co_return found;
}

awaitable<device_report> decompress_on_devices(device_route route,
                                               device_decompress_options options) {
    device_decompression job(route, options);
    job.workers.start(cut_source(job));
    co_await job.workers.join();
    co_await set_size(job);
    job.progress.keep();
    job.report.transfer = {.bytes_in = job.hops.offset_bytes(),
                           .bytes_out = job.data_bytes,
                           .crc32 = job.sum.value(),
                           .members = job.hops.members(),
                           .convention = std::string(gzip::convention_name(job.hops.convention()))};
    co_return std::move(job.report);
}

}  // namespace peerpress::pipeline
