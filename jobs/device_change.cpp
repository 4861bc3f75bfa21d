#include "jobs/device_change.hpp"

#include "io/extents.hpp"
#include "io/file.hpp"
#include "io/p2pmem_slots.hpp"
#include "jobs/blocking_calls.hpp"
#include "jobs/problem_error.hpp"
#include "jobs/sided_storage.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace peerpress::jobs {
namespace {

constexpr const char* hole_reason = "holes and unwritten extents: the kernel fills them by CPU";

// Below this a file's way to a device and back costs more than the codec.
constexpr std::uint64_t device_source_bytes_min = (64 << 10) + 1;

// Whoever asks for more than gzip's own default asks for density, which is not what devices are
// built for.
constexpr int device_level_max = 6;

path_bytes way_of_holes() {
    return {.path = data_path::cpu, .reason = hole_reason};
}

bool refuses_p2p(error_code failed) {
    return io::means_no_route(failed) || failed == boost::system::errc::operation_not_supported;
}

bool insists_on_devices(const job_spec& spec) {
    return spec.engine == engine_choice::noload || spec.via.fallback == fallback::forbid;
}

std::string objection_to_format(const job_spec& spec) {
    const bool gzip = spec.container == pipeline::container::gzip;
    if (spec.operation == operation::compress && !gzip)
        return "devices make gzip members, not " + std::string(container_name(spec.container));
    if (spec.operation != operation::compress && spec.container_given && !gzip)
        return "devices decode gzip members, not " + std::string(container_name(spec.container));
    if (spec.operation == operation::compress && spec.codec != accel::codec::automatic)
        return "a codec was asked for by name";
    return {};
}

}  // namespace

std::string objection_to_devices(const job_spec& spec, std::uint64_t source_bytes) {
    if (spec.engine == engine_choice::software) return "asked for";
    if (std::string found = objection_to_format(spec); !found.empty()) return found;
    if (insists_on_devices(spec)) return {};
    if (spec.level_auto) return "an automatic level is software's";
    if (source_bytes < device_source_bytes_min) return "it is small";
    if (spec.operation == operation::compress && spec.level > device_level_max)
        return "level " + std::to_string(spec.level) + " asks for density";
    return {};
}

device_change::device_change(const transfer_setting& setting, working_file& work,
                             file_result& result, step_side& failed_side, opened_file& opened)
    : setting_(setting),
      spec_(setting.spec),
      work_(work),
      result_(result),
      failed_side_(failed_side),
      opened_(opened) {}

bool device_change::insists() const {
    return spec_.via.fallback == fallback::forbid;
}

// False, so that a caller can return it.
bool device_change::give_up(const std::string& reason, const std::string& way_out) {
    if (insists())
        throw problem_error(
            {reason::p2p_unavailable, "not by a device: " + reason +
                                          (way_out.empty() ? std::string() : "; " + way_out) +
                                          " (--fallback allow has software do it)"});
    reason_ = reason;
    return false;
}

awaitable<std::optional<pipeline::transfer_report>> device_change::run(verification how) {
    const bool planned = co_await plan();
    if (!planned || !open_storages()) co_return std::nullopt;
    const bool fitting = co_await fits();
    if (!fitting) co_return std::nullopt;
    const bool decodes = std::ranges::all_of(
        planned_.devices, [](const planned_device& one) { return one.engine->decompresses(); });
    checked_ = how == verification::self && decodes;
    counted_.assign(planned_.devices.size() + 1, 0);
    used_.assign(planned_.devices.size() + 1, false);
    counters_.assign(planned_.devices.size() + 1, nullptr);
    std::exception_ptr error;
    try {
        co_await transfer();
    } catch (...) {
        error = std::current_exception();
    }
    if (error) {
        take_back();
        if (!give_up(error)) co_return std::nullopt;
    }
    count_holes();
    co_return report_.transfer;
}

awaitable<> device_change::rehearse() {
    const bool planned = co_await plan();
    struct stat output{};
    const int fd = opened_.output.get();
    const bool nowhere = fd >= 0 && (::fstat(fd, &output) != 0 || S_ISDIR(output.st_mode));
    if (!planned || nowhere || !open_storages()) co_return;
    co_await fits();
}

awaitable<> rehearse_change(const transfer_setting& setting, working_file& work,
                            file_result& result, step_side& failed_side, opened_file opened) {
    work.snapshot = opened.snapshot;
    device_change change(setting, work, result, failed_side, opened);
    co_await change.rehearse();
}

awaitable<bool> device_change::plan() {
    // None of its bytes takes any way.
    if (work_.snapshot.size_bytes == 0) {
        reason_ = "it is empty";
        co_return false;
    }
    const std::string objection = objection_to_devices(spec_, work_.snapshot.size_bytes);
    if (!objection.empty()) co_return give_up(objection);
    if (setting_.paths == nullptr) co_return give_up("there is no accelerator");
    path_question question{.source_fd = opened_.source.get(),
                           .source = result_.source,
                           .target_fd = opened_.output.get(),
                           .target = result_.destination};
    if (!opened_.output) {
        question.target_fd = question.source_fd;
        question.target = question.source;
    }
    planned_ = co_await setting_.paths->plan_devices(std::move(question));
    if (planned_.devices.empty()) co_return give_up(planned_.reason, planned_.way_out);

    // FIEMAP waits until the kernel has written what it still holds of the file.
    auto looking = [this] {
        io::file_content content =
            io::content_of(opened_.source.get(), {0, work_.snapshot.size_bytes});
        if (!content.obstacle && opened_.output)
            content.obstacle = io::attributes_obstacle(opened_.output.get());
        return content;
    };
    const io::file_content content = co_await setting_.calls->run(looking);
    if (content.obstacle) co_return give_up(content.obstacle->sentence, content.obstacle->way_out);
    zero_bytes_ = content.zero_bytes;
    if (insists() && zero_bytes_ > 0)
        co_return give_up(std::to_string(zero_bytes_) + " bytes of it are " + hole_reason,
                          "write the file anew without holes");
    co_return true;
}

// The file system has the last word on direct I/O.
bool device_change::open_storages() {
    io::uring& ring = setting_.context.lane.ring();
    failed_side_ = step_side::source;
    work_.source_fd = opened_.source.get();
    work_.source_data = io::open_storage(ring, std::move(opened_.source), io::caching::direct);
    if (opened_.output) {
        failed_side_ = step_side::output;
        work_.output_fd = opened_.output.get();
        work_.output_data = io::open_storage(ring, std::move(opened_.output), io::caching::direct);
    }
    failed_side_ = step_side::unknown;
    for (const io::storage* side : {work_.source_data.get(), work_.output_data.get()})
        if (side != nullptr && !side->traits().direct)
            return give_up("no direct I/O: " + side->traits().buffered_reason,
                           "name a file on ext4 or XFS on an NVMe SSD");
    return true;
}

pipeline::device_route device_change::route(io::storage& source, io::storage* target) {
    pipeline::device_route made{.host = {.lane = setting_.context.lane,
                                         .flow = setting_.flow,
                                         .source = source,
                                         .target = target,
                                         .stop = setting_.context.stop,
                                         .progress = setting_.context.progress.bytes},
                                .sites = {},
                                .software = !insists()};
    for (const planned_device& one : planned_.devices)
        made.sites.push_back(
            {.engine = *one.engine, .staging = one.share->pool(), .flow = one.share->flow()});
    made.on_bytes = [this](std::optional<std::size_t> site, std::uint64_t bytes) {
        count(site, bytes);
    };
    return made;
}

awaitable<bool> device_change::fits() {
    if (spec_.operation == operation::compress) co_return true;
    const bool decodes = std::ranges::all_of(
        planned_.devices, [](const planned_device& one) { return one.engine->decompresses(); });
    if (!decodes) co_return give_up("a device has no core to decompress");
    sided_storage source(*work_.source_data, step_side::source, failed_side_);
    const pipeline::device_route over = route(source, work_.output_data.get());
    const pipeline::device_decompress_options options{.output_bytes_max = spec_.output_bytes_max};
    const pipeline::device_fit fit = co_await pipeline::fit_devices(over, options);
    if (fit.obstacle.empty()) co_return true;
    co_return give_up(fit.obstacle, "members of at most 480 KiB of data fit (--member-size 480K)");
}

awaitable<> device_change::transfer() {
    sided_storage source(*work_.source_data, step_side::source, failed_side_);
    std::optional<sided_storage> target;
    if (work_.output_data) target.emplace(*work_.output_data, step_side::output, failed_side_);
    pipeline::device_route over = route(source, target ? &*target : nullptr);
    if (spec_.operation == operation::compress) {
        const std::uint32_t sample_every = setting_.context.device_sample_every;
        const pipeline::device_compress_options options{
            .level = spec_.level,
            .member_bytes = spec_.member_bytes,
            .checked = checked_,
            .sample_every = checked_ ? sample_every : 0};
        report_ = co_await pipeline::compress_on_devices(std::move(over), options);
    } else {
        const pipeline::device_decompress_options options{.output_bytes_max =
                                                              spec_.output_bytes_max};
        report_ = co_await pipeline::decompress_on_devices(std::move(over), options);
    }
}

// Software begins the file again where that may mend it: a way that is none, a device that fails
// or lies, data on which software has the last word.
bool device_change::give_up(const std::exception_ptr& error) {
    std::string reason;
    try {
        std::rethrow_exception(error);
    } catch (const pipeline::format_error& failed) {
        if (failed.code() == pipeline::format_errc::source_changed) throw;
        // Who writes to a file while it is read makes no device a liar.
        if (changed_since(work_.snapshot, work_.source_fd))
            throw pipeline::format_error(pipeline::format_errc::source_changed,
                                         failed.member_index(), failed.offset_bytes());
        if (failed.code() == pipeline::format_errc::mismatch) distrust(failed.what());
        if (insists()) throw;
        reason = failed.what();
    } catch (const accel::device_error& failed) {
        reason = failed.what();
    } catch (const system_error& failed) {
        if (!refuses_p2p(failed.code())) throw;
        reason = "the kernel refused to pass the data from peer to peer (" +
                 failed.code().message() + ")";
        setting_.paths->distrust(
            {.source_fd = work_.source_fd,
             .target_fd = work_.output_fd >= 0 ? work_.output_fd : work_.source_fd},
            reason);
    }
    failed_side_ = step_side::unknown;
    return give_up(reason);
}

void device_change::distrust(const std::string& reason) {
    for (std::size_t site = 0; site < planned_.devices.size(); ++site)
        if (used_[site]) planned_.devices[site].engine->distrust(reason);
}

void device_change::reject(const std::exception_ptr& error) {
    distrust("what it made was found to be wrong");
    take_back();
    setting_.context.progress.bytes.bytes_in.fetch_sub(report_.transfer.bytes_in,
                                                       std::memory_order_relaxed);
    setting_.context.progress.bytes.bytes_out.fetch_sub(report_.transfer.bytes_out,
                                                        std::memory_order_relaxed);
    if (insists()) std::rethrow_exception(error);
    reason_ = "what a device made was found to be wrong";
    failed_side_ = step_side::unknown;
}

path_bytes device_change::way_of(std::optional<std::size_t> site) const {
    if (!site)
        return {.path = data_path::cpu,
                .device = setting_.context.lane.engine().name(),
                .reason = "software engine"};
    return {.path = data_path::p2p, .device = planned_.devices[*site].engine->identity().label};
}

void device_change::count(std::optional<std::size_t> site, std::uint64_t bytes) {
    const std::size_t index = site.value_or(planned_.devices.size());
    counted_[index] += bytes;
    used_[index] = true;
    std::atomic<std::uint64_t>*& counter = counters_[index];
    if (counter == nullptr) counter = &setting_.context.progress.paths.counter(way_of(site));
    counter->fetch_add(bytes, std::memory_order_relaxed);
}

void device_change::take_back() {
    for (std::size_t site = 0; site < counted_.size(); ++site) {
        const std::uint64_t bytes = std::exchange(counted_[site], 0);
        if (bytes == 0) continue;
        const bool software = site == planned_.devices.size();
        setting_.context.progress.paths
            .counter(way_of(software ? std::nullopt : std::optional(site)))
            .fetch_sub(bytes, std::memory_order_relaxed);
    }
    if (const std::uint64_t bytes = std::exchange(counted_holes_, 0); bytes > 0)
        setting_.context.progress.paths.counter(way_of_holes())
            .fetch_sub(bytes, std::memory_order_relaxed);
}

// What the kernel filled in never left the source's device. Which device's chunks it was in is not
// known: the first ones are taken to have had it.
std::uint64_t device_change::filled_of(std::size_t site) const {
    std::uint64_t left = spec_.operation == operation::compress ? zero_bytes_ : 0;
    for (std::size_t before = 0; before < site; ++before)
        left -= std::min(left, report_.site_bytes[before]);
    return std::min(left, report_.site_bytes[site]);
}

// Progress had it go with the chunks.
void device_change::count_holes() {
    path_tally& paths = setting_.context.progress.paths;
    for (std::size_t site = 0; site < report_.site_bytes.size(); ++site) {
        const std::uint64_t filled = filled_of(site);
        if (filled == 0) continue;
        paths.counter(way_of(site)).fetch_sub(filled, std::memory_order_relaxed);
        paths.counter(way_of_holes()).fetch_add(filled, std::memory_order_relaxed);
        counted_[site] -= filled;
        counted_holes_ += filled;
    }
}

std::vector<path_bytes> device_change::ways() const {
    std::vector<path_bytes> made;
    path_bytes holes = way_of_holes();
    for (std::size_t site = 0; site < report_.site_bytes.size(); ++site) {
        path_bytes way = way_of(site);
        const std::uint64_t filled = filled_of(site);
        way.bytes = report_.site_bytes[site] - filled;
        holes.bytes += filled;
        made.push_back(std::move(way));
    }
    made.push_back(std::move(holes));
    if (report_.software_bytes > 0) {
        path_bytes way = way_of(std::nullopt);
        way.bytes = report_.software_bytes;
        way.reason += "; " + report_.software_reason;
        made.push_back(std::move(way));
    }
    std::erase_if(made, [](const path_bytes& part) { return part.bytes == 0; });
    return made;
}

}  // namespace peerpress::jobs
