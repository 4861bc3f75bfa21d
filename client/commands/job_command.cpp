// compress, decompress, test, copy.
#include "client/commands/commands.hpp"
#include "client/commands/names_from.hpp"
#include "client/commands/outcome_sum.hpp"
#include "client/in_process/in_process.hpp"
#include "client/printable.hpp"
#include "client/remote/find_server.hpp"
#include "client/remote/remote_transfer.hpp"
#include "client/remote/server_jobs.hpp"
#include "client/report/counting_listener.hpp"
#include "client/report/json_reporter.hpp"
#include "client/report/make_reporter.hpp"
#include "client/standard_output.hpp"
#include "client/units.hpp"
#include "jobs/problem_error.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <utility>

namespace peerpress::client {
namespace {

// More streams at once would not be faster: each of them can use the whole engine.
constexpr std::uint32_t streams_max = 4;

std::string prefix_of(jobs::operation operation) {
    return "peerpress " + std::string(jobs::operation_name(operation));
}

class job_command {
public:
    job_command(job_request request, interruption& interrupted)
        : request_(std::move(request)),
          interrupted_(interrupted),
          reporter_(make_reporter(request_.output, prefix_of(request_.spec.operation),
                                  request_.spec.operation, interrupted)) {}

    int run();

private:
    int fail(const jobs::problem& problem, int code);
    int run_parts();
    void copy_into_directory();
    int summarise(const std::string& backend_name, double elapsed_seconds);
    void warn_of_software();
    int dry_run(const std::vector<std::string>& files);
    int detach();
    bool run_files(const std::vector<std::string>& files);
    void run_stream(const std::string& source);
    void check_terminals(const std::vector<std::string>& streams) const;
    void check_level(const std::vector<std::string>& streams) const;

    backend& file_backend();
    in_process& stream_runner();
    in_process& local();
    in_process& remote();

    job_request request_;
    interruption& interrupted_;
    std::unique_ptr<reporter> reporter_;
    found_server server_;
    std::unique_ptr<in_process> local_;
    std::unique_ptr<in_process> remote_;
    std::unique_ptr<server_jobs> server_jobs_;
    counting_listener listener_{*reporter_};
    outcome_sum outcomes_;
    std::string job_;
};

int job_command::fail(const jobs::problem& problem, int code) {
    reporter_->on_error(problem, code);
    return code;
}

in_process& job_command::local() {
    if (!local_)
        local_ = std::make_unique<in_process>(in_process_options{.threads = request_.threads});
    return *local_;
}

// Files are opened here, and a server that does not see them changes the bytes.
in_process& job_command::remote() {
    if (!remote_) {
        const auto bound =
            static_cast<std::uint32_t>(std::max(server_.info.transforms_running_max(), 0));
        remote_ = std::make_unique<in_process>(in_process_options{
            .threads = 0,
            .transfer = remote_transfer(server_.connection,
                                        bound == 0 ? streams_max : std::min(streams_max, bound)),
            .name = "streams to server " + server_.connection->address().text,
            .device = "server " + server_.connection->address().text});
    }
    return *remote_;
}

backend& job_command::file_backend() {
    if (!server_.connection) return local();
    if (request_.spec.operation == jobs::operation::copy &&
        !server_.connection->address().shares_files())
        throw jobs::problem_error({jobs::reason::invalid_argument,
                                   "a copy needs a server that reaches the files itself, on its "
                                   "Unix socket; " +
                                       server_.connection->address().text +
                                       " changes streams only (--no-server copies here)"});
    if (!server_.connection->address().shares_files()) return remote();
    if (!server_jobs_) server_jobs_ = std::make_unique<server_jobs>(server_.connection);
    return *server_jobs_;
}

// A stream goes to a server only where one was named: through the local one it would only take
// longer.
in_process& job_command::stream_runner() {
    return server_.named ? remote() : local();
}

void job_command::check_terminals(const std::vector<std::string>& streams) const {
    if (request_.stdout_forced) return;
    const bool compresses = request_.spec.operation == jobs::operation::compress;
    const bool to_stdout =
        request_.spec.destination == "-" || (request_.spec.destination.empty() && !streams.empty());
    if (compresses && to_stdout && ::isatty(STDOUT_FILENO) != 0) {
        throw jobs::problem_error(
            {jobs::reason::invalid_argument,
             "compressed data are not written to a terminal; use -f to force it, or -o FILE"});
    }
    const bool from_stdin = std::ranges::count(streams, "-") > 0;
    if (!compresses && from_stdin && ::isatty(STDIN_FILENO) != 0) {
        throw jobs::problem_error({jobs::reason::invalid_argument,
                                   "compressed data are not read from a terminal; name a FILE"});
    }
}

// Whoever sends the data cannot see what holds them up.
void job_command::check_level(const std::vector<std::string>& streams) const {
    if (!request_.spec.level_auto || !server_.connection) return;
    const bool streams_to_server = !streams.empty() && server_.named;
    if (server_.connection->address().shares_files() && !streams_to_server) return;
    throw jobs::problem_error({jobs::reason::invalid_argument,
                               "--level auto is for files that a server reaches itself, and for "
                               "work in this process (--no-server)"});
}

int job_command::dry_run(const std::vector<std::string>& files) {
    backend& by = file_backend();
    job_request request = request_;
    request.spec.sources = files;
    if (!files.empty()) {
        if (const auto problem = by.check(request))
            return fail(problem, jobs::exit_code(problem.reason));
    }
    const std::string text = fmt::format(
        "would {} {} source{} ({})", jobs::operation_name(request_.spec.operation),
        request_.spec.sources.size(), request_.spec.sources.size() == 1 ? "" : "s", by.name());
    if (request_.output.json) {
        write_json_line(std::cout, {{"type", "plan"},
                                    {"operation", jobs::operation_name(request_.spec.operation)},
                                    {"sources", request_.spec.sources.size()},
                                    {"backend", by.name()}});
    } else if (!request_.output.quiet) {
        std::cerr << prefix_of(request_.spec.operation) << ": " << text << std::endl;
    }
    return 0;
}

int job_command::detach() {
    if (!server_.connection || !server_.connection->address().shares_files()) {
        return fail({jobs::reason::invalid_argument,
                     "--detach needs a server that reaches the files itself"},
                    1);
    }
    const std::string name = server_jobs(server_.connection).submit(request_);
    if (request_.output.json) {
        write_json_line(std::cout, {{"type", "job"}, {"name", name}, {"state", "QUEUED"}});
    } else {
        std::cout << name << std::endl;
    }
    return 0;
}

// False: left to the server.
bool job_command::run_files(const std::vector<std::string>& files) {
    job_request request = request_;
    request.spec.sources = files;
    const job_end end = file_backend().run(request, listener_, interrupted_);
    if (end.detached) {
        reporter_->on_warning(
            fmt::format("left to the server; peerpress watch {} follows it", end.job));
        return false;
    }
    job_ = end.job;
    outcomes_.add(end.outcome);
    return true;
}

void job_command::run_stream(const std::string& source) {
    stream_request request = stream_of(request_.spec);
    request.governor = jobs::governor_of(request_.spec, stream_runner().parallelism());
    request.source = source;
    const bool writes = request_.spec.operation != jobs::operation::test;
    if (writes)
        request.destination = request_.spec.destination.empty() ? "-" : request_.spec.destination;
    const jobs::file_result result = stream_runner().stream(request, listener_, interrupted_);
    if (result.error && request.destination == "-" && standard_output_is_broken())
        throw broken_pipe();
    listener_.on_file(result);
    outcomes_.add(result);
}

int job_command::summarise(const std::string& backend_name, double elapsed_seconds) {
    reporter_->on_summary({.operation = request_.spec.operation,
                           .outcome = outcomes_.outcome(),
                           .totals = listener_.totals,
                           .elapsed_seconds = elapsed_seconds,
                           .backend = backend_name,
                           .job = job_,
                           .exit_code = outcomes_.exit_code()});
    return outcomes_.exit_code();
}

// Who asks for accelerators by name wants to know why others worked.
void job_command::warn_of_software() {
    if (request_.spec.engine != jobs::engine_choice::noload) return;
    std::vector<std::string> told;
    for (const jobs::path_bytes& part : listener_.totals.paths) {
        if (part.path != jobs::data_path::cpu || part.bytes == 0) continue;
        if (std::ranges::find(told, part.reason) != told.end()) continue;
        reporter_->on_warning(fmt::format("{} not by an accelerator: {}", bytes_text(part.bytes),
                                          printable(part.reason)));
        told.push_back(part.reason);
    }
}

// Only now is the file system looked at: a grammar does not.
void job_command::copy_into_directory() {
    if (request_.server.files_are_there) return;
    jobs::job_spec& spec = request_.spec;
    struct stat status{};
    if (spec.destination.empty() || ::stat(spec.destination.c_str(), &status) != 0 ||
        !S_ISDIR(status.st_mode))
        return;
    spec.destination_dir = std::exchange(spec.destination, {});
}

int job_command::run_parts() {
    if (request_.spec.operation == jobs::operation::copy) copy_into_directory();
    if (!request_.files_from.empty()) {
        names_result more = names_from(request_.files_from, request_.nul_separated);
        if (more.error) return fail(more.error, jobs::exit_code(more.error.reason));
        std::ranges::move(more.names, std::back_inserter(request_.spec.sources));
        if (request_.spec.sources.empty()) {
            return fail({jobs::reason::invalid_argument, request_.files_from + ": names no file"},
                        1);
        }
    }
    std::vector<std::string> files = request_.spec.sources;
    std::vector<std::string> streams;
    if (request_.spec.destination == "-") {
        streams.swap(files);
    } else {
        streams.assign(std::ranges::count(files, "-"), "-");
        std::erase(files, "-");
    }
    check_terminals(streams);
    server_ = find_server(request_.server);
    check_level(streams);
    const std::string by = !files.empty() ? file_backend().name() : stream_runner().name();
    reporter_->on_note(by);
    if (request_.dry_run) return dry_run(files);
    if (request_.detach) return detach();

    const auto start = std::chrono::steady_clock::now();
    if (!files.empty() && !run_files(files)) return 0;
    for (const std::string& stream : streams) {
        if (interrupted_.cancelled().stop_requested()) {
            outcomes_.add(jobs::job_outcome{.state = jobs::job_state::cancelled});
            break;
        }
        run_stream(stream);
    }
    warn_of_software();
    return summarise(
        by, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
}

int job_command::run() {
    try {
        return run_parts();
    } catch (const server_error& error) {
        return fail(error.problem(), error.exit_code());
    } catch (const jobs::problem_error& error) {
        return fail(error.problem(), jobs::exit_code(error.problem().reason));
    } catch (const system_error& error) {
        return fail({jobs::reason::io_error, error.what()}, 1);
    }
}

}  // namespace

int run(const job_request& request, interruption& interrupted) {
    return job_command(request, interrupted).run();
}

}  // namespace peerpress::client
