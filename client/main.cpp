// peerpress: reads the command line, runs the command, and ends as Unix tools end.
#include "client/commands/commands.hpp"
#include "client/grammar/grammar.hpp"
#include "client/gzip/gzip_command.hpp"
#include "client/report/json_lines.hpp"
#include "client/report/json_reporter.hpp"
#include "client/standard_output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace peerpress;
using namespace peerpress::client;

int run_command(const std::vector<std::string>& arguments, interruption& interrupted) {
    if (!arguments.empty() && arguments.front() == "gzip") {
        return gzip::run({arguments.begin() + 1, arguments.end()}, interrupted);
    }
    const request parsed = parse_command_line(arguments);
    return std::visit([&](const auto& one) { return run(one, interrupted); }, parsed);
}

int report_usage(const usage_error& error, const std::vector<std::string>& arguments) {
    constexpr int usage_exit_code = 1;
    if (std::ranges::count(arguments, "--json") > 0) {
        write_json_line(
            std::cout, error_json({jobs::reason::invalid_argument, error.what()}, usage_exit_code));
    }
    std::cerr << fmt::format("{}: {} (see {} --help)", error.command(), error.what(),
                             error.command())
              << std::endl;
    return usage_exit_code;
}

// Nobody reads our output: whoever started us expects SIGPIPE, unless they turned it off.
int end_by_broken_pipe(bool wanted) {
    if (wanted) die_by(SIGPIPE);
    std::cerr << "peerpress: stdout: Broken pipe" << std::endl;
    return 1;
}

int guarded_run(const std::vector<std::string>& arguments, interruption& interrupted) {
    try {
        return run_command(arguments, interrupted);
    } catch (const usage_error& error) {
        return report_usage(error, arguments);
    } catch (const broken_pipe&) {
        throw;
    } catch (const std::exception& error) {
        std::cerr << "peerpress: " << error.what() << std::endl;
        return 1;
    }
}

}  // namespace

int main(int argc, char** argv) {
    // A failed write tells more than a signal, and lets a job clean up.
    const bool pipe_signal_wanted = std::signal(SIGPIPE, SIG_IGN) != SIG_IGN;
    // gRPC reports each failed attempt to connect on its own; what matters of it is in our
    // messages.
    ::setenv("GRPC_VERBOSITY", "NONE", 0);
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    int code = 0;
    int signal = 0;
    try {
        interruption interrupted;
        code = guarded_run(arguments, interrupted);
        signal = interrupted.signal();
    } catch (const broken_pipe&) {
        return end_by_broken_pipe(pipe_signal_wanted);
    }
    if (!std::cout.flush()) {
        if (standard_output_is_broken()) return end_by_broken_pipe(pipe_signal_wanted);
        std::cerr << "peerpress: stdout: cannot be written" << std::endl;
        return 1;
    }
    // What was interrupted has cleaned up, and dies of what interrupted it.
    if (signal != 0 && code != 0) die_by(signal);
    return code;
}
