#include "jobs/file_copy.hpp"

#include "io/block_device.hpp"
#include "io/extents.hpp"
#include "io/file.hpp"
#include "io/p2pmem_slots.hpp"
#include "jobs/blocking_calls.hpp"
#include "jobs/kept_holes.hpp"
#include "jobs/path_planner.hpp"
#include "jobs/problem_error.hpp"
#include "jobs/sided_storage.hpp"
#include "jobs/tallied_storage.hpp"
#include "pipeline/chunk.hpp"
#include "pipeline/copy.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace peerpress::jobs {
namespace {

constexpr const char* hole_reason = "holes and unwritten extents: the kernel fills them by CPU";
constexpr const char* kept_reason = "holes, which stay holes";
constexpr const char* bounce_reason = "the last block is not whole";

// The way was planned, and is none: the kernel does not route it, or the file system has fallen
// back to the page cache in the middle of a file.
bool refuses_p2p(error_code failed) {
    return io::means_no_route(failed) || failed == boost::system::errc::operation_not_supported;
}

struct copy_plan {
    planned_path way;
    std::uint64_t zero_bytes = 0;  // from peer to peer: what the kernel fills instead of the device
    std::vector<io::byte_range> zeros = {};  // where those are, or what is known of holes otherwise
    std::vector<io::byte_range> holes = {};  // of them: neither read nor written
    std::uint64_t hole_bytes() const { return sum_of(holes); }
};

class file_copy {
public:
    file_copy(const transfer_setting& setting, copy_ends ends, opened_file opened)
        : setting_(setting),
          spec_(setting.spec),
          ends_(ends),
          opened_(std::move(opened)),
          size_bytes_(opened_.snapshot.size_bytes) {}

    awaitable<> run();
    awaitable<> rehearse();

private:
    awaitable<copy_plan> plan() const;
    path_question question() const;
    io::file_content look_into_source() const;
    problem forbidden(const std::string& reason, const std::string& way_out) const;
    void check_room() const;

    bool is_sparse() const;
    void open_storages();
    void keep_holes(copy_plan& plan) const;
    void take_host_memory(copy_plan& plan, std::string reason) const;
    void demote_if_buffered(copy_plan& plan) const;
    void check_last_block(const copy_plan& plan) const;
    // A file system that makes its files while they are read (procfs) gives them no size.
    bool size_is_known() const {
        return opened_.source_is_device || opened_.snapshot.size_bytes > 0;
    }
    std::optional<std::uint64_t> length_bytes() const {
        return size_is_known() ? std::optional(size_bytes_) : std::nullopt;
    }
    awaitable<> move_by_either_way(copy_plan& planned);
    awaitable<> move(const copy_plan& plan);
    void count_holes(const copy_plan& plan) const;
    awaitable<> move_again(copy_plan& plan, const error_code& failed);
    pipeline::copy_route route(const copy_plan& plan, io::storage& source, io::storage& target);
    awaitable<> verify();
    awaitable<std::uint32_t> checksum_of(io::storage& storage);
    void account(const copy_plan& plan);
    path_bytes way_of(const copy_plan& plan) const;
    void say_in_place(const std::string& what_that_means);

    const transfer_setting& setting_;
    const job_spec& spec_;
    copy_ends ends_;
    opened_file opened_;
    std::uint64_t size_bytes_;
    pipeline::copy_report report_;
    pipeline::transfer_progress unseen_;  // the job's is counted where the bytes arrive
    int source_fd_ = -1;                  // owned by the storages once they are open
    int output_fd_ = -1;
};

awaitable<> file_copy::run() {
    check_room();
    source_fd_ = opened_.source.get();
    output_fd_ = opened_.output.get();
    copy_plan planned = co_await plan();
    open_storages();
    demote_if_buffered(planned);
    check_last_block(planned);
    keep_holes(planned);
    std::exception_ptr error;
    try {
        co_await move_by_either_way(planned);
        if (ends_.verified) co_await verify();
    } catch (...) {
        error = std::current_exception();
    }
    if (error) {
        say_in_place("it holds old and new data now");
        std::rethrow_exception(error);
    }
    account(planned);
}

awaitable<> file_copy::move_by_either_way(copy_plan& planned) {
    error_code refused;
    try {
        co_await move(planned);
    } catch (const system_error& failed) {
        if (!planned.way.share || !refuses_p2p(failed.code())) throw;
        refused = failed.code();
    }
    if (refused) co_await move_again(planned, refused);
}

awaitable<> file_copy::rehearse() {
    source_fd_ = opened_.source.get();
    output_fd_ = opened_.output.get();
    copy_plan planned = co_await plan();
    struct stat output{};
    if (::fstat(output_fd_, &output) != 0 || S_ISDIR(output.st_mode)) co_return;
    open_storages();
    demote_if_buffered(planned);
    check_last_block(planned);
}

// A device does not grow.
void file_copy::check_room() const {
    if (opened_.source_is_device && spec_.remove_sources)
        throw problem_error({reason::invalid_argument, "a block device is not removed"});
    if (!opened_.output_is_device || size_bytes_ <= opened_.output_bytes) return;
    throw problem_error({reason::no_space, ends_.result.destination + " holds " +
                                               std::to_string(opened_.output_bytes) + " bytes, " +
                                               std::to_string(size_bytes_) + " are to be copied"});
}

path_question file_copy::question() const {
    return {.source_fd = source_fd_,
            .source = ends_.result.source,
            .target_fd = output_fd_,
            .target = ends_.result.destination,
            .chunk_bytes = chunk_bytes_of(spec_),
            .depth = depth_of(spec_)};
}

problem file_copy::forbidden(const std::string& reason, const std::string& way_out) const {
    return {reason::p2p_unavailable, "not from peer to peer: " + reason +
                                         (way_out.empty() ? std::string() : "; " + way_out) +
                                         " (--fallback allow copies through host memory)"};
}

// Of what lies behind the descriptors, not of the devices alone.
io::file_content file_copy::look_into_source() const {
    io::file_content content;
    content.device_bytes = size_bytes_;
    if (!opened_.source_is_device) content = io::content_of(source_fd_, {0, size_bytes_});
    if (!content.obstacle && !opened_.output_is_device)
        content.obstacle = io::attributes_obstacle(output_fd_);
    return content;
}

awaitable<copy_plan> file_copy::plan() const {
    copy_plan made;
    const bool insists = spec_.via.fallback == fallback::forbid;
    if (setting_.paths != nullptr) {
        path_question asked = question();
        made.way = co_await setting_.paths->plan(std::move(asked));
    } else {
        made.way.reason = "peer to peer is not offered here";
    }
    if (made.way.share || is_sparse()) {
        // FIEMAP waits until the kernel has written what it still holds of the file.
        auto looking = [this] { return look_into_source(); };
        io::file_content content = co_await setting_.calls->run(looking);
        made.zeros = std::move(content.zeros);
        if (made.way.share) made.zero_bytes = content.zero_bytes;
        if (content.obstacle && made.way.share)
            made.way = {.reason = content.obstacle->sentence, .way_out = content.obstacle->way_out};
    }
    if (!insists) co_return made;
    if (!made.way.share) throw problem_error(forbidden(made.way.reason, made.way.way_out));
    if (made.zero_bytes > 0)
        throw problem_error(
            forbidden(std::to_string(made.zero_bytes) + " bytes of it are " + hole_reason,
                      "write the file anew without holes"));
    co_return made;
}

// Holes that are worth a look at where they are, told without one.
bool file_copy::is_sparse() const {
    struct stat source{};
    if (opened_.output_is_device || opened_.source_is_device || ::fstat(source_fd_, &source) != 0 ||
        !tells_its_holes(source_fd_))
        return false;
    const auto blocks = static_cast<std::uint64_t>(source.st_blocks);
    return blocks * 512 + kept_hole_bytes_min <= size_bytes_;
}

// The target is a new file, and has holes wherever nothing is written.
void file_copy::keep_holes(copy_plan& plan) const {
    if (opened_.output_is_device || plan.zeros.empty() || !size_is_known() ||
        !tells_its_holes(source_fd_))
        return;
    const auto block_of = [](const io::storage& side) {
        return std::uint64_t{pipeline::block_bytes(side.traits().alignment)};
    };
    const std::uint64_t block_bytes =
        std::max({std::uint64_t{4096}, block_of(*ends_.work.source_data),
                  block_of(*ends_.work.output_data)});
    plan.holes = kept_holes(plan.zeros, size_bytes_, block_bytes);
    if (!plan.way.share) plan.zero_bytes = plan.hole_bytes();
}

// What was found out about the file still holds.
void file_copy::take_host_memory(copy_plan& plan, std::string reason) const {
    plan.way = {.reason = std::move(reason)};
    plan.zero_bytes = plan.hole_bytes();
}

void file_copy::open_storages() {
    io::uring& ring = setting_.context.lane.ring();
    const auto open = [&ring](io::unique_fd fd, bool is_device) {
        return is_device ? io::open_block_device(ring, std::move(fd))
                         : io::open_storage(ring, std::move(fd), io::caching::direct);
    };
    working_file& work = ends_.work;
    ends_.failed_side = step_side::source;
    work.source_fd = source_fd_;
    work.source_data = open(std::move(opened_.source), opened_.source_is_device);
    ends_.failed_side = step_side::output;
    work.output_fd = output_fd_;
    work.output_data = open(std::move(opened_.output), opened_.output_is_device);
    ends_.failed_side = step_side::unknown;
}

// The file system had the last word.
void file_copy::demote_if_buffered(copy_plan& plan) const {
    if (!plan.way.share) return;
    for (const io::storage* side : {ends_.work.source_data.get(), ends_.work.output_data.get()}) {
        if (side->traits().direct) continue;
        const std::string reason = "no direct I/O: " + side->traits().buffered_reason;
        if (spec_.via.fallback == fallback::forbid)
            throw problem_error(forbidden(reason, "name a file on ext4 or XFS on an NVMe SSD"));
        take_host_memory(plan, reason);
        return;
    }
}

// A target that cannot be cut to the file's size, or whose blocks are larger than the source's,
// gets what is no whole block by way of host memory.
void file_copy::check_last_block(const copy_plan& plan) const {
    if (!plan.way.share || spec_.via.fallback != fallback::forbid) return;
    const std::uint32_t of_source = ends_.work.source_data->traits().alignment.offset_bytes;
    const std::uint32_t of_target = ends_.work.output_data->traits().alignment.offset_bytes;
    const std::uint64_t rest_bytes = size_bytes_ % of_target;
    const bool padded = !opened_.output_is_device && pipeline::round_up(size_bytes_, of_source) >=
                                                         pipeline::round_up(size_bytes_, of_target);
    if (rest_bytes == 0 || padded) return;
    throw problem_error(forbidden("its last " + std::to_string(rest_bytes) +
                                      " bytes are no whole block of " + ends_.result.destination,
                                  "copy it to a file on a disk with blocks of the same size"));
}

pipeline::copy_route file_copy::route(const copy_plan& plan, io::storage& source,
                                      io::storage& target) {
    pipeline::lane& lane = setting_.context.lane;
    return {.lane = lane,
            .staging = plan.way.share ? plan.way.share->pool() : lane.staging(),
            .flow = plan.way.share ? plan.way.share->flow() : setting_.flow,
            .source = source,
            .target = &target,
            .stop = setting_.context.stop,
            .progress = unseen_};
}

path_bytes file_copy::way_of(const copy_plan& plan) const {
    if (plan.way.share) return {.path = data_path::p2p, .device = plan.way.device};
    return {.path = data_path::host, .reason = plan.way.reason};
}

awaitable<> file_copy::move(const copy_plan& plan) {
    path_tally& tally = setting_.context.progress.paths;
    sided_storage source(*ends_.work.source_data, step_side::source, ends_.failed_side);
    sided_storage output(*ends_.work.output_data, step_side::output, ends_.failed_side);
    const std::uint64_t size_bytes =
        length_bytes().value_or(std::numeric_limits<std::uint64_t>::max());
    tallied_storage target(output,
                           {.size_bytes = size_bytes,
                            .first_bytes = size_bytes - std::min(plan.zero_bytes, size_bytes),
                            .first = &tally.counter(way_of(plan)),
                            .rest = &tally.counter({.path = data_path::cpu, .reason = hole_reason}),
                            .progress = &setting_.context.progress.bytes});
    const pipeline::copy_route over = route(plan, source, target);
    const auto chunk_bytes =
        std::min<std::size_t>(chunk_bytes_of(spec_), over.staging.slot_bytes());
    pipeline::copy_options how{.chunk_bytes = static_cast<std::uint32_t>(chunk_bytes),
                               .depth = depth_of(spec_),
                               .length_bytes = length_bytes(),
                               .holes = plan.holes};
    std::exception_ptr error;
    try {
        report_ = co_await pipeline::copy(over, std::move(how));
    } catch (const system_error& failed) {
        // It had its size when it was opened.
        error = failed.code() == boost::system::errc::result_out_of_range
                    ? std::make_exception_ptr(system_error{pipeline::format_errc::source_changed})
                    : std::current_exception();
    } catch (...) {
        error = std::current_exception();
    }
    if (error) {
        target.take_back();
        std::rethrow_exception(error);
    }
    count_holes(plan);
    if (size_is_known()) co_return;
    size_bytes_ = report_.bytes_written;
    target.settle(size_bytes_);
}

void file_copy::count_holes(const copy_plan& plan) const {
    job_progress& progress = setting_.context.progress;
    const std::uint64_t bytes = plan.hole_bytes();
    if (bytes == 0) return;
    progress.bytes.bytes_in.fetch_add(bytes, std::memory_order_relaxed);
    progress.bytes.bytes_out.fetch_add(bytes, std::memory_order_relaxed);
    progress.paths.counter({.path = data_path::cpu, .reason = kept_reason})
        .fetch_add(bytes, std::memory_order_relaxed);
}

// The verdict was wrong, or is no longer right.
awaitable<> file_copy::move_again(copy_plan& plan, const error_code& failed) {
    const std::string reason = "the kernel refused to pass the data from peer to peer (" +
                               failed.message() + ", through " + plan.way.device + ")";
    if (setting_.paths != nullptr) setting_.paths->distrust(question(), reason);
    if (spec_.via.fallback == fallback::forbid)
        throw problem_error(forbidden(reason, "`peerpress doctor` may say why"));
    take_host_memory(plan, reason);
    ends_.failed_side = step_side::unknown;
    co_await move(plan);
}

awaitable<std::uint32_t> file_copy::checksum_of(io::storage& storage) {
    const copy_plan by_host;
    pipeline::copy_route reading = route(by_host, storage, storage);
    reading.target = nullptr;
    const pipeline::storage_checksum sum = co_await pipeline::checksum(reading, 0, length_bytes());
    co_return sum.crc32;
}

awaitable<> file_copy::verify() {
    sided_storage source(*ends_.work.source_data, step_side::source, ends_.failed_side);
    sided_storage output(*ends_.work.output_data, step_side::output, ends_.failed_side);
    const std::uint32_t wanted = co_await checksum_of(source);
    const std::uint32_t found = co_await checksum_of(output);
    if (wanted != found) throw pipeline::format_error(pipeline::format_errc::mismatch, 0, 0);
    ends_.result.crc32 = wanted;
}

void file_copy::account(const copy_plan& plan) {
    file_result& result = ends_.result;
    result.bytes_in = size_bytes_;
    result.bytes_out = size_bytes_;
    path_bytes most = way_of(plan);
    const std::uint64_t zeros = std::min(plan.zero_bytes, size_bytes_);
    const std::uint64_t bounced =
        plan.way.share ? std::min(report_.bytes_bounced, size_bytes_ - zeros) : 0;
    most.bytes = size_bytes_ - zeros - bounced;
    if (!plan.way.share) {
        const std::string& source = ends_.work.source_data->traits().buffered_reason;
        const std::string& output = ends_.work.output_data->traits().buffered_reason;
        if (!source.empty()) most.reason += "; buffered: " + source;
        if (!output.empty() && output != source) most.reason += "; output buffered: " + output;
        if (!source.empty() || !output.empty())
            setting_.context.progress.page_cache_files.fetch_add(1, std::memory_order_relaxed);
    }
    result.paths.push_back(most);
    const std::uint64_t kept = std::min(plan.hole_bytes(), zeros);
    result.paths.push_back({.path = data_path::cpu, .bytes = zeros - kept, .reason = hole_reason});
    result.paths.push_back({.path = data_path::cpu, .bytes = kept, .reason = kept_reason});
    if (bounced > 0)
        result.paths.push_back(
            {.path = data_path::host, .bytes = bounced, .reason = bounce_reason});
    std::erase_if(result.paths, [](const path_bytes& part) { return part.bytes == 0; });
    say_in_place("an interrupted copy would have left it half done");
}

void file_copy::say_in_place(const std::string& what_that_means) {
    if (!opened_.output_is_device) return;
    file_result& result = ends_.result;
    result.warnings.push_back(
        {reason::target_not_atomic,
         result.destination + " is a block device" +
             (opened_.output_serial.empty() ? std::string()
                                            : " (serial " + opened_.output_serial + ")") +
             ", written in place: " + what_that_means});
}

}  // namespace

awaitable<> copy_file(const transfer_setting& setting, copy_ends ends, opened_file opened) {
    file_copy copy(setting, ends, std::move(opened));
    co_await copy.run();
}

awaitable<> rehearse_copy(const transfer_setting& setting, copy_ends ends, opened_file opened) {
    file_copy copy(setting, ends, std::move(opened));
    co_await copy.rehearse();
}

}  // namespace peerpress::jobs
