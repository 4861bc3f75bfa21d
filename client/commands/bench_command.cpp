// bench.
#include "client/bench/bench_report.hpp"
#include "client/bench/bench_run.hpp"
#include "client/bench/plot.hpp"
#include "client/commands/commands.hpp"
#include "client/report/make_reporter.hpp"
#include "jobs/describe.hpp"
#include "jobs/problem_error.hpp"

#include <cerrno>
#include <fstream>
#include <iostream>

namespace peerpress::client {
namespace {

void write_plot(const std::string& path, const bench::figures& made) {
    errno = 0;
    std::ofstream file(path, std::ios::trunc);
    file << bench::plot_svg(made) << std::flush;
    if (!file) throw jobs::problem_error(jobs::describe_output(errno != 0 ? errno : EIO, path));
}

}  // namespace

int run(const bench_request& request, interruption& interrupted) {
    const auto reporter =
        make_reporter(request.output, "peerpress bench", jobs::operation::compress, interrupted);
    const auto fail = [&reporter](const jobs::problem& problem) {
        reporter->on_error(problem, jobs::exit_code(problem.reason));
        return jobs::exit_code(problem.reason);
    };
    try {
        const auto listener = bench::make_bench_listener(std::cout, request.output.json);
        const bench::figures made = bench::run_bench(request, *listener, interrupted);
        if (!request.plot.empty()) write_plot(request.plot, made);
        return 0;
    } catch (const jobs::problem_error& error) {
        return fail(error.problem());
    } catch (const system_error&) {
        return fail(jobs::describe(std::current_exception(), {.source = request.file,
                                                              .destination = request.directory,
                                                              .side = jobs::step_side::unknown}));
    }
}

}  // namespace peerpress::client
