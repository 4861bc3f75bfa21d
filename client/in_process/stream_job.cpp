#include "client/in_process/stream_job.hpp"

#include "client/in_process/copy.hpp"
#include "io/file.hpp"
#include "io/open_flow.hpp"
#include "jobs/describe.hpp"
#include "jobs/directory.hpp"
#include "jobs/sided_storage.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

namespace peerpress::client {
namespace {

// The umask can be read only by setting it, and threads would see that: taken once, before there
// are any.
const mode_t new_file_mode = [] {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    return mode_t{0666} & ~mask;
}();

// Enough for any direct source's alignment.
constexpr std::size_t head_bytes = 4096;

jobs::place place_of(const std::string& path) {
    return {.root = path, .relative = {}};
}

std::int64_t now_ns() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

bool is_regular(int fd) {
    struct stat status{};
    return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

io::unique_fd duplicate(int fd) {
    return io::unique_fd(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
}

awaitable<pipeline::transfer_report> transform(const stream_request& request,
                                               const stream_context& context,
                                               pipeline::route route) {
    if (request.operation == jobs::operation::compress) {
        pipeline::compress_options options = request.compress;
        std::optional<pipeline::level_governor> governor;
        if (request.governor) {
            governor.emplace(*request.governor);
            options.governor = &*governor;
        }
        co_return co_await context.transfer.compress(route, options);
    }
    co_return co_await context.transfer.decompress(route, request.decompress);
}

// What lies behind the last member, in gzip's words.
jobs::problem garbage_warning(const stream_request& request) {
    return {jobs::reason::trailing_garbage,
            std::string(request.source_name()) + ": decompression OK, trailing garbage ignored"};
}

}  // namespace

stream_request stream_of(const jobs::job_spec& spec) {
    stream_request request;
    request.operation = spec.operation;
    request.overwrite = spec.overwrite;
    request.follow_symlinks = spec.follow_symlinks;
    request.compress = {.container = spec.container,
                        .level = spec.level,
                        .codec = spec.codec,
                        .member_bytes = spec.member_bytes};
    if (spec.container_given) request.decompress.container = spec.container;
    request.decompress.output_bytes_max = spec.output_bytes_max;
    return request;
}

jobs::problem stream_ends::open(const stream_request& request,
                                std::shared_ptr<jobs::output_registry> outputs) {
    source_standard_ = request.source == "-";
    if (source_standard_) {
        source_ = duplicate(STDIN_FILENO);
        if (!source_) return jobs::describe_open_source(errno, "stdin");
        struct stat status{};
        if (::fstat(source_.get(), &status) == 0 && S_ISDIR(status.st_mode)) {
            return {jobs::reason::source_is_directory, "stdin: is a directory"};
        }
    } else {
        auto opened = jobs::open_source(place_of(request.source), -1, request.follow_symlinks);
        if (opened.error) return opened.error;
        source_ = std::move(opened.fd);
        snapshot_ = opened.snapshot;
    }
    return request.destination.empty() ? jobs::problem{} : open_target(request, std::move(outputs));
}

jobs::problem stream_ends::open_target(const stream_request& request,
                                       std::shared_ptr<jobs::output_registry> outputs) {
    if (request.destination == "-") {
        target_ = duplicate(STDOUT_FILENO);
        return target_ ? jobs::problem{} : jobs::describe_output(errno, "stdout");
    }
    const std::string& path = request.destination;
    const std::size_t slash = path.rfind('/');
    const std::string parent = slash == std::string::npos ? "."
                               : slash == 0               ? "/"
                                                          : path.substr(0, slash);
    const std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
    if (name.empty()) return jobs::describe_output(EISDIR, path);
    jobs::directory_cache directories;
    const auto directory = directories.root(parent, true);
    if (!directory) return jobs::describe_output(directory.error().value(), path);
    directory_ = *directory;
    auto created = jobs::create_output(directory_, name, snapshot_,
                                       {.overwrite = request.overwrite,
                                        .unnamed_allowed = true,
                                        .job_started_ns = now_ns(),
                                        .tag = "stream",
                                        .run = std::to_string(::getpid()),
                                        .outputs = std::move(outputs)});
    if (created.error) return created.error;
    target_ = std::move(created.fd);
    pending_ = std::move(created.pending);
    return {};
}

jobs::problem stream_ends::publish() {
    if (!pending_) return {};
    const std::string path = pending_->path();
    if (::fchmod(target_.get(), new_file_mode) != 0) return jobs::describe_output(errno, path);
    if (::fsync(target_.get()) != 0) return jobs::describe_output(errno, path);
    if (auto problem = pending_->publish(target_.get(), {})) return problem;
    if (::fsync(directory_->fd.get()) != 0) return jobs::describe_output(errno, path);
    return {};
}

std::optional<std::uint64_t> stream_ends::source_bytes() const {
    struct stat status{};
    if (::fstat(source_.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
    return static_cast<std::uint64_t>(status.st_size);
}

std::unique_ptr<io::storage> stream_ends::source_storage(io::uring& ring) {
    io::unique_fd fd = duplicate(source_.get());
    if (!source_standard_) return io::open_storage(ring, std::move(fd), io::caching::direct);
    // A file from its start can be read in parallel. Never directly: the flag would be set for
    // whoever else holds the descriptor, too.
    if (is_regular(fd.get()) && ::lseek(fd.get(), 0, SEEK_CUR) == 0) {
        return io::open_storage(ring, std::move(fd), io::caching::buffered);
    }
    return io::open_stream(ring, std::move(fd));
}

std::unique_ptr<io::storage> stream_ends::target_storage(io::uring& ring) {
    if (!target_) return nullptr;
    io::unique_fd fd = duplicate(target_.get());
    if (pending_) return io::open_storage(ring, std::move(fd), io::caching::direct_gapless);
    return io::open_stream(ring, std::move(fd));
}

awaitable<jobs::file_result> run_stream(stream_request request, stream_context context,
                                        std::string device) {
    jobs::file_result result;
    result.source = request.source;
    result.destination = request.destination;
    jobs::step_side failed = jobs::step_side::unknown;
    const bool to_standard_output = request.destination == "-";
    try {
        io::uring& ring = context.lane.ring();
        const io::open_flow flow(context.lane.staging());
        const auto source = context.ends.source_storage(ring);
        const auto target = context.ends.target_storage(ring);
        peeked_storage peeked(*source);
        jobs::sided_storage from(peeked, jobs::step_side::source, failed);
        std::optional<jobs::sided_storage> to;
        if (target) to.emplace(*target, jobs::step_side::output, failed);
        const pipeline::route route{.lane = context.lane,
                                    .flow = flow.id(),
                                    .source = from,
                                    .target = to ? &*to : nullptr,
                                    .stop = context.stop,
                                    .progress = context.progress.bytes};
        bool copies = false;
        if (request.copy_unrecognised) {
            const io::staging_lease slot =
                co_await context.lane.staging().acquire(flow.id(), context.stop);
            copies = !co_await peeked.starts_like_gzip(slot.input().first(head_bytes));
        }
        pipeline::transfer_report report;
        if (copies) {
            report = co_await copy(route);
        } else {
            report = co_await transform(request, context, route);
        }
        result.bytes_in = report.bytes_in;
        result.bytes_out = report.bytes_out;
        result.crc32 = report.crc32;
        result.levels = report.levels;
        result.paths = {{.path = jobs::data_path::cpu,
                         .bytes = report.bytes_in,
                         .device = device,
                         .reason = device == "software" ? "software engine" : "remote"}};
        if (report.trailing_garbage_bytes > 0) result.warnings.push_back(garbage_warning(request));
    } catch (...) {
        result.error =
            jobs::describe(std::current_exception(),
                           {.source = request.source_name(),
                            .destination = to_standard_output ? "stdout" : request.destination,
                            .side = failed});
    }
    co_return result;
}

}  // namespace peerpress::client
