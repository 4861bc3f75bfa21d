#include "jobs/file_transfer.hpp"

#include "io/file.hpp"
#include "jobs/describe.hpp"
#include "jobs/device_change.hpp"
#include "jobs/file_copy.hpp"
#include "jobs/problem_error.hpp"
#include "jobs/sided_storage.hpp"
#include "pipeline/verify.hpp"

#include <sys/stat.h>

#include <utility>

namespace peerpress::jobs {
namespace {

// Below this an output goes through the page cache: its block, its size and its entry then reach
// the disk in the one commit of its group, where a direct write costs two round trips of its own.
// The cache is given back once the data are durable.
constexpr std::uint64_t small_source_bytes_max = 64 << 10;

pipeline::decompress_options decompress_options_of(const job_spec& spec) {
    pipeline::decompress_options options;
    options.output_bytes_max = spec.output_bytes_max;
    if (spec.container_given) options.container = spec.container;
    return options;
}

class file_transfer {
public:
    file_transfer(const transfer_setting& setting, file_plan plan, opened_file opened);

    awaitable<finished_file> run();

private:
    awaitable<> change();
    awaitable<bool> change_on_devices();
    awaitable<> change_by_software();
    void open_storages();
    awaitable<> transfer();
    awaitable<> verify(jobs::verification how);
    awaitable<> verify_self();
    awaitable<> verify_full();
    void account_software();
    void account();
    bool source_changed() const;
    problem explain(const std::exception_ptr& error) const;

    jobs::verification verification() const;
    jobs::verification device_verification() const;
    pipeline::route route_over(io::storage& source, io::storage* target,
                               pipeline::transfer_progress& progress) const;

    const transfer_setting& setting_;
    const job_spec& spec_;
    file_plan plan_;
    opened_file opened_;
    finished_file finished_;
    working_file& work_;
    pipeline::transfer_report report_;
    std::optional<device_change> by_device_;
    pipeline::transfer_progress unseen_;  // verifying is no payload
    step_side failed_side_ = step_side::unknown;
    const bool in_place_;  // a block device is written
};

file_transfer::file_transfer(const transfer_setting& setting, file_plan plan, opened_file opened)
    : setting_(setting),
      spec_(setting.spec),
      plan_(std::move(plan)),
      opened_(std::move(opened)),
      finished_{.result = {}, .work = std::make_unique<working_file>()},
      work_(*finished_.work),
      in_place_(opened_.output_is_device) {
    finished_.result.source = plan_.source.path();
    if (plan_.output) finished_.result.destination = plan_.output->path();
    work_.source = plan_.source;
    work_.snapshot = opened_.snapshot;
    work_.ticket = std::move(opened_.ticket);
    work_.remove_source = spec_.remove_sources;
}

awaitable<finished_file> file_transfer::run() {
    std::exception_ptr error;
    try {
        if (spec_.operation == operation::copy) {
            co_await copy_file(setting_,
                               {.work = work_,
                                .result = finished_.result,
                                .failed_side = failed_side_,
                                .verified = verification() != verification::off},
                               std::move(opened_));
        } else {
            co_await change();
        }
        if (setting_.context.on_step && plan_.output)
            setting_.context.on_step(step::data_written, finished_.result.destination);
    } catch (...) {
        error = std::current_exception();
    }
    if (error) finished_.result.error = explain(error);
    if (error || !plan_.output) finished_.work.reset();
    co_return std::move(finished_);
}

awaitable<> file_transfer::change() {
    const bool done = co_await change_on_devices();
    if (!done) co_await change_by_software();
    account();
}

awaitable<> file_transfer::change_by_software() {
    if (!work_.source_data) open_storages();
    co_await transfer();
    // It claimed to be empty, as files of /proc do.
    if (spec_.via.fallback == fallback::forbid && report_.bytes_in > 0)
        throw problem_error({reason::p2p_unavailable, "not by a device: its size is not known"});
    if (verification() != verification::off) co_await verify(verification());
    account_software();
}

// False: software has to do it.
awaitable<bool> file_transfer::change_on_devices() {
    by_device_.emplace(setting_, work_, finished_.result, failed_side_, opened_);
    const jobs::verification how = device_verification();
    const std::optional<pipeline::transfer_report> made = co_await by_device_->run(how);
    if (!made) co_return false;
    report_ = *made;
    const bool verified =
        how == verification::off || (how == verification::self && by_device_->checked());
    std::exception_ptr wrong;
    try {
        if (!verified) co_await verify(how);
    } catch (const pipeline::format_error& found) {
        if (found.code() != pipeline::format_errc::mismatch) throw;
        wrong = std::current_exception();
    }
    if (wrong) {
        // Then it says nothing about the device.
        if (source_changed()) std::rethrow_exception(wrong);
        by_device_->reject(wrong);
        co_return false;
    }
    finished_.result.paths = by_device_->ways();
    co_return true;
}

void file_transfer::open_storages() {
    io::uring& ring = setting_.context.lane.ring();
    work_.source_fd = opened_.source.get();
    failed_side_ = step_side::source;
    work_.source_data = io::open_storage(ring, std::move(opened_.source), io::caching::direct);
    if (plan_.output) {
        failed_side_ = step_side::output;
        work_.small_output = work_.snapshot.size_bytes <= small_source_bytes_max;
        work_.output_fd = opened_.output.get();
        work_.output_data = io::open_storage(
            ring, std::move(opened_.output),
            work_.small_output ? io::caching::buffered : io::caching::direct_gapless);
    }
    failed_side_ = step_side::unknown;
}

pipeline::route file_transfer::route_over(io::storage& source, io::storage* target,
                                          pipeline::transfer_progress& progress) const {
    return {.lane = setting_.context.lane,
            .flow = setting_.flow,
            .source = source,
            .target = target,
            .stop = setting_.context.stop,
            .progress = progress};
}

awaitable<> file_transfer::transfer() {
    sided_storage source(*work_.source_data, step_side::source, failed_side_);
    std::optional<sided_storage> target;
    if (work_.output_data) target.emplace(*work_.output_data, step_side::output, failed_side_);
    const pipeline::route route =
        route_over(source, target ? &*target : nullptr, setting_.context.progress.bytes);

    const transfer_functions& functions = setting_.context.transfer;
    if (spec_.operation == operation::compress) {
        const pipeline::compress_options options{.container = spec_.container,
                                                 .level = spec_.level,
                                                 .governor = setting_.governor,
                                                 .codec = spec_.codec,
                                                 .member_bytes = spec_.member_bytes};
        report_ = co_await functions.compress(route, options);
    } else {
        report_ = co_await functions.decompress(route, decompress_options_of(spec_));
    }
}

jobs::verification file_transfer::verification() const {
    if (!plan_.output) return verification::off;
    if (spec_.verification != verification::automatic) return spec_.verification;
    return spec_.remove_sources ? verification::full : verification::off;
}

// What a device made is checked unless that is not wanted.
jobs::verification file_transfer::device_verification() const {
    if (!plan_.output) return verification::off;
    const bool automatic = spec_.verification == verification::automatic;
    return automatic && !spec_.remove_sources ? verification::self : verification();
}

awaitable<> file_transfer::verify(jobs::verification how) {
    sided_storage source(*work_.source_data, step_side::source, failed_side_);
    sided_storage output(*work_.output_data, step_side::output, failed_side_);
    const bool compressing = spec_.operation == operation::compress;
    io::storage& plain = compressing ? static_cast<io::storage&>(source) : output;
    io::storage& compressed = compressing ? static_cast<io::storage&>(output) : source;
    std::optional<pipeline::container> container;
    if (compressing || spec_.container_given) container = spec_.container;

    // Decompressing has checked what `self` checks.
    if (how == verification::self && !compressing) co_return;
    pipeline::decompress_options options;
    options.container = container;
    try {
        if (how == verification::full) {
            const pipeline::route over = route_over(plain, nullptr, unseen_);
            // Not by ?: in one co_await, which g++ 12 miscompiles.
            if (compressing)
                co_await pipeline::verify_output(over, compressed, container);
            else
                co_await pipeline::verify_full(over, compressed, container);
            co_return;
        }
        const pipeline::transfer_report decoded =
            co_await pipeline::decompress(route_over(compressed, nullptr, unseen_), options);
        if (decoded.bytes_out != report_.bytes_in || decoded.crc32 != report_.crc32 ||
            decoded.trailing_garbage_bytes > 0)
            throw pipeline::format_error(pipeline::format_errc::mismatch, 0, 0);
    } catch (const pipeline::format_error& found) {
        // About our output, not about a source that somebody gave us.
        if (!compressing) throw;
        throw pipeline::format_error(pipeline::format_errc::mismatch, found.member_index(),
                                     found.offset_bytes());
    }
}

void file_transfer::account_software() {
    std::string reason = "software engine";
    if (setting_.paths != nullptr || spec_.engine == engine_choice::noload)
        reason += ": " + by_device_->reason();
    const std::string& source_reason = work_.source_data->traits().buffered_reason;
    if (!source_reason.empty()) reason += "; buffered: " + source_reason;
    std::string output_reason;
    if (work_.output_data && !work_.small_output)
        output_reason = work_.output_data->traits().buffered_reason;
    if (!output_reason.empty() && output_reason != source_reason)
        reason += "; output buffered: " + output_reason;
    if (!source_reason.empty() || !output_reason.empty())
        setting_.context.progress.page_cache_files.fetch_add(1, std::memory_order_relaxed);
    const path_bytes way{.path = data_path::cpu,
                         .bytes = report_.bytes_in,
                         .device = setting_.context.lane.engine().name(),
                         .reason = std::move(reason)};
    // Where none goes another way, all of a job's bytes are known to have gone this one.
    if (setting_.paths != nullptr)
        setting_.context.progress.paths.counter(way).fetch_add(way.bytes,
                                                               std::memory_order_relaxed);
    finished_.result.paths = {way};
}

void file_transfer::account() {
    file_result& result = finished_.result;
    result.bytes_in = report_.bytes_in;
    result.bytes_out = report_.bytes_out;
    result.crc32 = report_.crc32;
    result.levels = report_.levels;
    if (report_.trailing_garbage_bytes == 0) return;
    std::string message = result.source + ": " + std::to_string(report_.trailing_garbage_bytes) +
                          " bytes of trailing garbage were ignored";
    // They would be lost with it.
    if (std::exchange(work_.remove_source, false)) message += "; the source stays";
    result.warnings.push_back({reason::trailing_garbage, std::move(message)});
}

bool file_transfer::source_changed() const {
    return work_.source_fd >= 0 && work_.source_data &&
           changed_since(work_.snapshot, work_.source_fd);
}

problem file_transfer::explain(const std::exception_ptr& error) const {
    const error_context context{.source = finished_.result.source,
                                .destination = finished_.result.destination,
                                .side = failed_side_,
                                .in_place = in_place_};
    problem found = describe(error, context);
    // Whatever the data looked like: they were somebody's half-done work.
    const bool about_data = found.reason == reason::checksum_mismatch ||
                            found.reason == reason::corrupt_input ||
                            found.reason == reason::unknown_format;
    if (about_data && source_changed())
        return describe(make_error_code(pipeline::format_errc::source_changed), context);
    return found;
}

// The destination is there from an earlier run: nothing but its directory and its source are left.
finished_file adopt_published(const transfer_setting& setting, file_plan plan, opened_file opened) {
    finished_file finished;
    finished.result.source = plan.source.path();
    finished.result.destination = plan.output->path();
    finished.result.bytes_in = plan.prepared->bytes_in;
    finished.result.bytes_out = plan.prepared->bytes_out;
    finished.result.crc32 = plan.prepared->crc32;
    finished.work = std::make_unique<working_file>();
    working_file& work = *finished.work;
    work.source = std::move(plan.source);
    work.snapshot = opened.snapshot;
    work.ticket = std::move(opened.ticket);
    work.already_published = true;
    const bool source_exists = opened.snapshot.inode != 0;
    work.remove_source = setting.spec.remove_sources && opened.source_as_before;
    if (setting.spec.remove_sources && source_exists && !work.remove_source)
        finished.result.warnings.push_back(
            {reason::source_changed, finished.result.source +
                                         " cannot be told to be what was read before the job was "
                                         "interrupted, so that it stays"});
    return finished;
}

}  // namespace

awaitable<finished_file> transfer_file(const transfer_setting& setting, file_plan plan,
                                       opened_file opened) {
    if (opened.error) {
        finished_file failed;
        failed.result.source = plan.source.path();
        if (plan.output) failed.result.destination = plan.output->path();
        failed.result.error = std::move(opened.error);
        co_return failed;
    }
    if (opened.already_published)
        co_return adopt_published(setting, std::move(plan), std::move(opened));
    file_transfer transfer(setting, std::move(plan), std::move(opened));
    co_return co_await transfer.run();
}

}  // namespace peerpress::jobs
