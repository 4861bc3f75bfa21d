#include "client/in_process/measurement.hpp"

#include "io/block_device.hpp"
#include "io/extents.hpp"
#include "io/file.hpp"
#include "io/open_flow.hpp"
#include "io/p2pmem_slots.hpp"
#include "io/topology/backing.hpp"
#include "jobs/describe.hpp"
#include "jobs/path_planner.hpp"
#include "jobs/problem_error.hpp"
#include "jobs/sided_storage.hpp"
#include "jobs/source.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace peerpress::client {
namespace {

using jobs::problem_error;
using jobs::reason;

// The largest block of an SSD.
constexpr std::uint64_t whole_bytes = 4096;

struct measured_descriptor {
    io::unique_fd fd;
    bool is_device = false;
    std::uint64_t size_bytes = 0;
};

double cpu_seconds_of_process() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

io::unique_fd duplicate(int fd) {
    io::unique_fd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (!copy) throw system_error{errno, boost::system::system_category(), "dup"};
    return copy;
}

std::string parent_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

// What passes through the host's memory for a byte that goes so: in by the source's DMA, out by the
// target's; where it is buffered, the page cache and its copying come on top.
double host_passes(const jobs::path_bytes& part, const io::storage* source,
                   const io::storage* target) {
    if (part.path != jobs::data_path::host) return 0;
    double passes = 0;
    for (const io::storage* side : {source, target})
        if (side != nullptr) passes += side->traits().direct ? 1 : 3;
    return passes;
}

class measuring {
public:
    measuring(in_process& backend, const measure_request& request, std::stop_token stop)
        : backend_(backend), request_(request), stop_(std::move(stop)) {}

    measurement run(const interruption& interrupted);

private:
    jobs::device_rules device_rules() const;
    void open_source();
    void open_target();
    void open_temporary();
    measured_end end_of(const measured_descriptor& end, const std::string& path,
                        std::string kind) const;
    std::uint64_t length_bytes() const;

    awaitable<measured_run> measure_one(jobs::path_wish wish);
    jobs::path_question question() const;
    awaitable<jobs::planned_path> plan(jobs::path_wish wish);
    io::file_content source_content() const;
    std::unique_ptr<io::storage> storage_of(const measured_descriptor& end);
    std::unique_ptr<io::staging_pool> host_memory() const;
    pipeline::copy_options options() const;
    void account(measured_run& run, const jobs::planned_path& way, const io::storage* source,
                 const io::storage* target) const;
    awaitable<bool> same(io::storage& source, io::storage& target);
    problem_error forbidden(const std::string& why, const std::string& way_out) const;

    in_process& backend_;
    const measure_request& request_;
    std::stop_token stop_;
    measured_descriptor source_;
    measured_descriptor target_;
    measurement made_;
    pipeline::transfer_progress unseen_;
};

jobs::device_rules measuring::device_rules() const {
    jobs::device_rules rules = in_process::device_rules();
    rules.taken = true;
    rules.force_target = request_.force_device;
    return rules;
}

void measuring::open_source() {
    if (jobs::find_device(request_.source)) {
        jobs::opened_device opened =
            jobs::open_device(request_.source, jobs::device_use::source, device_rules());
        if (opened.error) throw problem_error(opened.error);
        source_ = {std::move(opened.fd), true, opened.snapshot.size_bytes};
    } else {
        jobs::opened_source opened =
            jobs::open_source({request_.source, ""}, -1, request_.follow_symlinks);
        if (opened.error) throw problem_error(opened.error);
        source_ = {std::move(opened.fd), false, opened.snapshot.size_bytes};
    }
    made_.source = end_of(source_, request_.source, source_.is_device ? "block device" : "file");
    if (source_.size_bytes == 0)
        throw problem_error(
            {reason::invalid_argument, request_.source + " is empty: there is nothing to measure"});
    if (request_.offset_bytes >= source_.size_bytes)
        throw problem_error(
            {reason::invalid_argument, request_.source + ": --offset lies behind its end (" +
                                           std::to_string(source_.size_bytes) + " bytes)"});
}

void measuring::open_target() {
    if (request_.skip_write) {
        made_.target = {.path = request_.target, .kind = "unused", .device = {}};
        return;
    }
    if (const auto device = jobs::find_device(request_.target)) {
        struct stat source{};
        if (source_.is_device && ::fstat(source_.fd.get(), &source) == 0 &&
            source.st_rdev == device->number)
            throw problem_error({reason::source_is_output,
                                 request_.target + ": source and destination are one device"});
        jobs::opened_device opened =
            jobs::open_device(request_.target, jobs::device_use::target, device_rules());
        if (opened.error) throw problem_error(opened.error);
        target_ = {std::move(opened.fd), true, opened.snapshot.size_bytes};
        made_.target = end_of(target_, request_.target, "block device");
        return;
    }
    open_temporary();
    made_.target = end_of(target_, request_.target, "temporary file");
}

// Nothing of a name is taken: the file vanishes with its descriptor.
void measuring::open_temporary() {
    struct stat status{};
    const std::string& path = request_.target;
    std::string directory = parent_of(path);
    if (::stat(path.c_str(), &status) == 0) {
        if (!S_ISDIR(status.st_mode))
            throw problem_error({reason::output_exists,
                                 path + " exists already, and a measurement replaces nothing; "
                                        "name a directory or a new file"});
        directory = path;
    }
    target_.fd = io::unique_fd(::open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
    if (!target_.fd) throw problem_error(jobs::describe_output(errno, path));
}

measured_end measuring::end_of(const measured_descriptor& end, const std::string& path,
                               std::string kind) const {
    measured_end made{
        .path = path, .kind = std::move(kind), .device = {}, .size_bytes = end.size_bytes};
    const io::topology::host_files files;
    const auto found = io::topology::identify("/proc/self/fd/" + std::to_string(end.fd.get()));
    if (!found) return made;
    const io::topology::machine in = io::topology::read_machine(files);
    const io::topology::backing behind = io::topology::find_backing(files, in, *found);
    made.device = behind.block_device;
    if (!behind.file_system.empty()) made.kind += " on " + behind.file_system;
    for (const io::topology::pci_address& controller : behind.controllers) {
        made.device += ", " + in.label(controller);
        if (const auto* nvme = in.controller_at(controller); nvme && !nvme->serial.empty())
            made.device += ", serial " + nvme->serial;
    }
    return made;
}

std::uint64_t measuring::length_bytes() const {
    std::uint64_t length = source_.size_bytes - request_.offset_bytes;
    // Whichever device is smaller ends it.
    if (target_.is_device)
        length = request_.offset_bytes < target_.size_bytes
                     ? std::min(length, target_.size_bytes - request_.offset_bytes)
                     : 0;
    // Nothing is read that a last block could come from.
    return request_.skip_read ? length / whole_bytes * whole_bytes : length;
}

problem_error measuring::forbidden(const std::string& why, const std::string& way_out) const {
    return problem_error(
        {reason::p2p_unavailable, request_.source + ": not from peer to peer: " + why +
                                      (way_out.empty() ? std::string() : "; " + way_out)});
}

io::file_content measuring::source_content() const {
    io::file_content content;
    content.device_bytes = length_bytes();
    if (!source_.is_device && !request_.skip_read)
        content = io::content_of(source_.fd.get(), {request_.offset_bytes, length_bytes()});
    if (!content.obstacle && target_.fd && !target_.is_device)
        content.obstacle = io::attributes_obstacle(target_.fd.get());
    return content;
}

jobs::path_question measuring::question() const {
    jobs::path_question asked{.source_fd = source_.fd.get(),
                              .source = request_.source,
                              .target_fd = target_.fd ? target_.fd.get() : source_.fd.get(),
                              .target = request_.target};
    if (request_.chunk_bytes != 0) asked.chunk_bytes = request_.chunk_bytes;
    if (request_.depth != 0) asked.depth = request_.depth;
    return asked;
}

awaitable<jobs::planned_path> measuring::plan(jobs::path_wish wish) {
    const bool insists = wish.fallback == fallback::forbid;
    const std::unique_ptr<jobs::path_session> session = backend_.planner().begin(std::move(wish));
    jobs::path_question asked = question();
    jobs::planned_path way = co_await session->plan(std::move(asked));
    if (way.share) {
        // Nobody else waits for this lane.
        const io::file_content content = source_content();
        if (content.obstacle)
            way = {.reason = content.obstacle->sentence, .way_out = content.obstacle->way_out};
        else if (insists && content.zero_bytes > 0)
            throw forbidden(std::to_string(content.zero_bytes) +
                                " bytes of it are holes or were never written, which the kernel "
                                "fills by CPU",
                            "write the file anew without holes");
    }
    if (insists && !way.share) throw forbidden(way.reason, way.way_out);
    co_return way;
}

std::unique_ptr<io::storage> measuring::storage_of(const measured_descriptor& end) {
    if (!end.fd) return nullptr;
    io::uring& ring = backend_.lane().ring();
    return end.is_device ? io::open_block_device(ring, duplicate(end.fd.get()))
                         : io::open_storage(ring, duplicate(end.fd.get()), io::caching::direct);
}

// As many chunks, and as large, as there would be in a device's memory: both ways are measured
// alike.
std::unique_ptr<io::staging_pool> measuring::host_memory() const {
    const jobs::path_question asked = question();
    const std::uint32_t slots = jobs::pool_slots(asked, backend_.planner().options().budget_bytes);
    return std::make_unique<io::staging_pool>(
        backend_.lane().executor(),
        std::make_unique<io::host_slots>(std::min(slots, asked.depth), asked.chunk_bytes));
}

pipeline::copy_options measuring::options() const {
    pipeline::copy_options options;
    options.chunk_bytes = request_.chunk_bytes == 0 ? jobs::copy_chunk_bytes : request_.chunk_bytes;
    options.depth = request_.depth == 0 ? jobs::copy_depth : request_.depth;
    options.source_offset_bytes = request_.offset_bytes;
    options.target_offset_bytes = request_.offset_bytes;
    options.length_bytes = length_bytes();
    options.read = !request_.skip_read;
    options.write = !request_.skip_write;
    options.overlap = request_.overlap;
    options.chunks = request_.chunks;
    if (request_.duration_seconds)
        options.repeat_for =
            std::chrono::nanoseconds(static_cast<std::int64_t>(*request_.duration_seconds * 1e9));
    options.latencies = request_.latencies || request_.compare;
    return options;
}

awaitable<measured_run> measuring::measure_one(jobs::path_wish wish) {
    const jobs::planned_path way = co_await plan(std::move(wish));
    pipeline::lane& lane = backend_.lane();
    const std::unique_ptr<io::staging_pool> host = host_memory();
    const io::open_flow host_flow(*host);
    io::staging_pool& staging = way.share ? way.share->pool() : *host;
    const std::unique_ptr<io::storage> source = storage_of(source_);
    const std::unique_ptr<io::storage> target = storage_of(target_);
    const pipeline::copy_route route{.lane = lane,
                                     .staging = staging,
                                     .flow = way.share ? way.share->flow() : host_flow.id(),
                                     .source = *source,
                                     .target = target.get(),
                                     .stop = stop_,
                                     .progress = unseen_};
    const pipeline::copy_options how = options();
    measured_run run{.staging = staging.memory_kind(),
                     .chunk_bytes = how.chunk_bytes,
                     .depth = std::min(how.depth, staging.options().slots),
                     .report = {},
                     .paths = {}};
    const double cpu_before = cpu_seconds_of_process();
    error_code refused;
    try {
        run.report = co_await pipeline::copy(route, how);
    } catch (const system_error& failed) {
        if (!way.share || !io::means_no_route(failed.code())) throw;
        refused = failed.code();
    }
    if (refused)
        throw forbidden("the kernel refused to pass the data (" + refused.message() + ")",
                        "`peerpress doctor` may say why");
    run.cpu_seconds = cpu_seconds_of_process() - cpu_before;
    run.seconds = std::chrono::duration<double>(run.report.took).count();
    account(run, way, request_.skip_read ? nullptr : source.get(), target.get());
    if (request_.verify) run.verified = co_await same(*source, *target);
    co_return run;
}

void measuring::account(measured_run& run, const jobs::planned_path& way, const io::storage* source,
                        const io::storage* target) const {
    const std::uint64_t moved = std::max(run.report.bytes_read, run.report.bytes_written);
    jobs::path_bytes most{.path = jobs::data_path::host, .bytes = moved, .reason = way.reason};
    if (way.share) {
        // Of a part that was read several times, holes have their share each time.
        const std::uint64_t length = std::max<std::uint64_t>(length_bytes(), 1);
        const std::uint64_t zeros = static_cast<std::uint64_t>(
            static_cast<double>(moved) * static_cast<double>(source_content().zero_bytes) /
            static_cast<double>(length));
        const std::uint64_t bounced = std::min(run.report.bytes_bounced, moved - zeros);
        most = {
            .path = jobs::data_path::p2p, .bytes = moved - zeros - bounced, .device = way.device};
        if (zeros > 0)
            run.paths.push_back({.path = jobs::data_path::cpu,
                                 .bytes = zeros,
                                 .reason = "holes and unwritten extents"});
        if (bounced > 0)
            run.paths.push_back({.path = jobs::data_path::host,
                                 .bytes = bounced,
                                 .reason = "the last block is not whole"});
    }
    run.paths.insert(run.paths.begin(), std::move(most));
    double passed = 0;
    for (const jobs::path_bytes& part : run.paths)
        passed += static_cast<double>(part.bytes) * host_passes(part, source, target);
    run.host_bytes_per_byte = moved == 0 ? 0 : passed / static_cast<double>(moved);
}

// Both sides read again, by way of host memory.
awaitable<bool> measuring::same(io::storage& source, io::storage& target) {
    pipeline::lane& lane = backend_.lane();
    const io::open_flow flow(lane.staging());
    const auto reading = [&](io::storage& storage) {
        return pipeline::copy_route{.lane = lane,
                                    .staging = lane.staging(),
                                    .flow = flow.id(),
                                    .source = storage,
                                    .stop = stop_,
                                    .progress = unseen_};
    };
    const pipeline::copy_route from = reading(source);
    const pipeline::copy_route to = reading(target);
    const pipeline::storage_checksum wanted =
        co_await pipeline::checksum(from, request_.offset_bytes, length_bytes());
    const pipeline::storage_checksum found =
        co_await pipeline::checksum(to, request_.offset_bytes, length_bytes());
    if (wanted == found) co_return true;
    throw problem_error({reason::checksum_mismatch,
                         request_.target + ": what was written differs from " + request_.source});
}

measurement measuring::run(const interruption& interrupted) {
    try {
        open_source();
        open_target();
        if (length_bytes() == 0)
            throw problem_error({reason::invalid_argument,
                                 request_.source + " and " + request_.target +
                                     ": there is no whole block to measure; name a larger "
                                     "file or a smaller --offset"});
        jobs::path_wish wish = request_.via;
        if (request_.compare) wish.fallback = fallback::forbid;
        made_.runs.push_back(backend_.run_on_lane(measure_one(wish), interrupted));
        if (request_.compare) {
            jobs::path_wish by_host;
            by_host.host_only = true;
            // Blocks that the first run allocated would make the second one faster.
            if (target_.fd && !target_.is_device) open_temporary();
            made_.runs.push_back(backend_.run_on_lane(measure_one(by_host), interrupted));
        }
    } catch (const problem_error& failed) {
        made_.error = failed.problem();
    } catch (...) {
        made_.error = jobs::describe(std::current_exception(), {.source = request_.source,
                                                                .destination = request_.target,
                                                                .side = jobs::step_side::unknown});
    }
    return std::move(made_);
}

}  // namespace

measurement measure(in_process& backend, const measure_request& request,
                    const interruption& interrupted) {
    return measuring(backend, request, interrupted.cancelled()).run(interrupted);
}

}  // namespace peerpress::client
