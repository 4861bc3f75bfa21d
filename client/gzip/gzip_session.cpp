#include "client/gzip/gzip_session.hpp"

#include "client/commands/list_files.hpp"
#include "client/gzip/messages.hpp"
#include "client/gzip/operand.hpp"
#include "client/gzip/original_name.hpp"
#include "client/printable.hpp"
#include "client/standard_output.hpp"
#include "client/terminal.hpp"
#include "io/unique_fd.hpp"
#include "jobs/path_rules.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <iostream>

namespace peerpress::client::gzip {
namespace {

constexpr const char* no_write_to_terminal =
    "compressed data not written to a terminal. Use -f to force compression.";
constexpr const char* no_read_from_terminal =
    "compressed data not read from a terminal. Use -f to force decompression.";

jobs::operation operation_of(action action) {
    switch (action) {
        case action::decompress:
            return jobs::operation::decompress;
        case action::test:
            return jobs::operation::test;
        default:
            return jobs::operation::compress;
    }
}

// An error outranks a warning, which outranks success.
int worse(int one, int other) {
    if (one == 1 || other == 1) return 1;
    return std::max(one, other);
}

// Of the last member, as it stands in its trailer.
std::uint32_t last_crc32(const std::string& file) {
    const io::unique_fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    std::array<std::uint8_t, 8> trailer{};
    const off_t size = ::lseek(fd.get(), 0, SEEK_END);
    if (size < 8 || ::pread(fd.get(), trailer.data(), trailer.size(), size - 8) != 8)
        return 0xFFFFFFFF;
    return trailer[0] | trailer[1] << 8 | trailer[2] << 16 |
           static_cast<std::uint32_t>(trailer[3]) << 24;
}

}  // namespace

gzip_session::gzip_session(gzip_request request, interruption& interrupted)
    : request_(std::move(request)), interrupted_(interrupted), backend_({}) {}

int gzip_session::run() {
    if (request_.restore_name && request_.action == action::compress) {
        warn("-N: names and times are not stored in compressed files");
    }
    const std::vector<std::string> operands =
        request_.files.empty() ? std::vector<std::string>{"-"} : request_.files;
    for (const std::string& operand : operands) {
        if (interrupted()) break;
        take(operand);
    }
    run_queued();
    if (listed_ > 1) {
        std::cout << list_totals(listed_compressed_bytes_, listed_data_bytes_, request_.verbose)
                  << std::endl;
    }
    return interrupted() && exit_code_ == 0 ? 1 : exit_code_;
}

void gzip_session::take(const std::string& operand) {
    const std::string file = operand_file(operand, request_);
    if (request_.action == action::list) return list(file);
    if (file == "-" || request_.to_stdout) {
        run_queued();
        struct stat status{};
        const bool tree = request_.recursive && file != "-" && ::stat(file.c_str(), &status) == 0 &&
                          S_ISDIR(status.st_mode);
        return tree ? stream_tree(file) : stream(file);
    }
    queue(file);
}

// ---- files

void gzip_session::queue(const std::string& file) {
    struct stat status{};
    const bool known =
        (request_.force ? ::stat(file.c_str(), &status) : ::lstat(file.c_str(), &status)) == 0;
    if (known) {
        if (const auto text = objection(status, file, request_)) return warn(*text);
    }
    if (request_.restore_name && request_.action == action::decompress && restore_name(file))
        return;
    bool overwrite = request_.force;
    if (!may_overwrite(file, overwrite)) return;
    if (overwrite == request_.force) {
        queued_.push_back(file);
        return;
    }
    run_queued();
    jobs::job_spec spec = spec_for({file});
    spec.overwrite = overwrite;
    run_job(spec);
}

jobs::job_spec gzip_session::spec_for(std::vector<std::string> files) const {
    jobs::job_spec spec;
    spec.operation = operation_of(request_.action);
    spec.container = pipeline::container::gzip;
    spec.container_given = request_.action != action::compress;
    spec.level = request_.level;
    spec.sources = std::move(files);
    spec.recursive = request_.recursive;
    spec.overwrite = request_.force;
    spec.follow_symlinks = request_.force || request_.action == action::test;
    spec.remove_sources = !request_.keep && request_.action != action::test;
    if (request_.suffix != ".gz") spec.suffix = request_.suffix;
    return spec;
}

void gzip_session::run_queued() {
    if (queued_.empty() || interrupted()) return;
    const jobs::job_spec spec = spec_for(std::move(queued_));
    queued_.clear();
    run_job(spec);
}

void gzip_session::run_job(const jobs::job_spec& spec) {
    const bool durable = spec.remove_sources || request_.synchronous;
    const jobs::job_outcome outcome =
        backend_.run(spec, {.carry_metadata = true, .durable = durable}, listener_, interrupted_);
    // Files have told their own errors; what is left is the job's.
    if (outcome.state == jobs::job_state::failed && exit_code_ == 0)
        report(outcome.error, std::string());
}

bool gzip_session::may_overwrite(const std::string& file, bool& overwrite) const {
    const bool asks = !request_.force && request_.action != action::test &&
                      ::isatty(STDIN_FILENO) != 0 && in_foreground(STDIN_FILENO);
    if (!asks) return true;
    const jobs::placement target =
        jobs::place_output(spec_for({file}), {.root = file, .relative = {}});
    struct stat status{};
    if (target.error || ::lstat(target.output.path().c_str(), &status) != 0) return true;
    std::cerr << prefix << printable(target.output.path())
              << " already exists; do you wish to overwrite (y or n)? " << std::flush;
    std::string answer;
    std::getline(std::cin, answer);
    overwrite = answer.starts_with("y") || answer.starts_with("Y");
    if (!overwrite) std::cerr << "\tnot overwritten" << std::endl;
    return overwrite;
}

// A file under the name its header carries. False: it carries none, and goes the usual way.
bool gzip_session::restore_name(const std::string& file) {
    const original_name carried = read_original_name(file);
    if (carried.name.empty() && carried.time_s == 0) return false;
    jobs::job_spec spec = spec_for({file});
    spec.recursive = false;
    if (!carried.name.empty()) {
        const std::size_t slash = file.rfind('/');
        spec.destination =
            file.substr(0, slash == std::string::npos ? 0 : slash + 1) + carried.name;
    } else {
        const jobs::placement target = jobs::place_output(spec, {.root = file, .relative = {}});
        if (target.error) return false;
        spec.destination = target.output.path();
    }
    run_queued();
    const int before = std::exchange(exit_code_, 0);
    run_job(spec);
    if (exit_code_ != 1 && carried.time_s != 0) {
        const timespec time{.tv_sec = static_cast<std::time_t>(carried.time_s), .tv_nsec = 0};
        const timespec times[2] = {time, time};
        if (::utimensat(AT_FDCWD, spec.destination.c_str(), times, AT_SYMLINK_NOFOLLOW) != 0) {
            warn(printable(spec.destination) + ": cannot restore its time");
        }
    }
    exit_code_ = worse(before, exit_code_);
    return true;
}

// ---- streams

void gzip_session::stream(const std::string& file) {
    const bool compresses = request_.action == action::compress;
    if (!request_.force && compresses && ::isatty(STDOUT_FILENO) != 0) {
        return report({jobs::reason::invalid_argument, no_write_to_terminal}, file);
    }
    if (!request_.force && !compresses && file == "-" && ::isatty(STDIN_FILENO) != 0) {
        return report({jobs::reason::invalid_argument, no_read_from_terminal}, file);
    }
    stream_request stream = stream_of(spec_for({}));
    stream.source = file;
    stream.destination = request_.action == action::test ? "" : "-";
    stream.follow_symlinks = true;  // nothing is replaced
    stream.copy_unrecognised =
        request_.action == action::decompress && request_.force && request_.to_stdout;
    const jobs::file_result result = backend_.stream(stream, listener_, interrupted_);
    if (result.error && stream.destination == "-" && standard_output_is_broken())
        throw broken_pipe();
    report(result);
}

void gzip_session::stream_tree(const std::string& directory) {
    std::error_code error;
    std::vector<std::string> files;
    for (std::filesystem::recursive_directory_iterator at(directory, error), end;
         !error && at != end; at.increment(error)) {
        if (at->is_regular_file() && !at->is_symlink()) files.push_back(at->path().string());
    }
    if (error)
        report({jobs::reason::source_unreadable, directory + ": " + error.message()}, directory);
    std::ranges::sort(files);
    for (const std::string& file : files) {
        if (interrupted()) return;
        stream(file);
    }
}

void gzip_session::list(const std::string& file) {
    const list_result result = list_file(backend_, file, interrupted_);
    if (result.error) return report(result.error, file);
    list_row row{.name = "stdout",
                 .compressed_bytes = result.listing.compressed_bytes,
                 .data_bytes = result.listing.data_bytes};
    struct stat status{};
    std::time_t time = std::time(nullptr);
    if (file != "-") {
        row.name = jobs::without_suffix(file, request_.suffix == ".gz" ? "" : request_.suffix)
                       .value_or(file);
        row.crc32 = last_crc32(file);
        if (::stat(file.c_str(), &status) == 0) time = status.st_mtim.tv_sec;
    }
    ::localtime_r(&time, &row.time);
    if (listed_ == 0 && !request_.quiet) std::cout << list_header(request_.verbose) << std::endl;
    std::cout << list_line(row, request_.verbose) << std::endl;
    ++listed_;
    listed_compressed_bytes_ += row.compressed_bytes;
    listed_data_bytes_ += row.data_bytes;
}

// ---- what is told

void gzip_session::report(const jobs::file_result& file) {
    for (const jobs::problem& warning : file.warnings) report(warning, file);
    if (file.error) return report(file.error, file);
    if (request_.verbose && !file.skipped) std::cerr << done_line(file, request_) << std::endl;
}

void gzip_session::report(jobs::problem problem, const std::string& source) {
    jobs::file_result file;
    file.source = source;
    file.error = std::move(problem);
    report(file);
}

void gzip_session::report(const jobs::problem& problem, const jobs::file_result& file) {
    const int code = gzip::exit_code(problem);
    const std::string text = message(problem, file, request_);
    if (code == 1 || !request_.quiet) std::cerr << prefix << text << std::endl;
    exit_code_ = worse(exit_code_, code);
}

void gzip_session::warn(const std::string& text) {
    if (!request_.quiet) std::cerr << prefix << text << std::endl;
    exit_code_ = worse(exit_code_, 2);
}

}  // namespace peerpress::client::gzip
