// copy, where it measures.
#include "client/commands/commands.hpp"
#include "client/in_process/measurement.hpp"
#include "client/report/json_reporter.hpp"
#include "client/report/make_reporter.hpp"
#include "client/report/measurement_report.hpp"

#include <iostream>

namespace peerpress::client {

int run(const measure_request& request, interruption& interrupted) {
    const auto reporter =
        make_reporter(request.output, "peerpress copy", jobs::operation::copy, interrupted);
    const auto fail = [&reporter](const jobs::problem& problem) {
        reporter->on_error(problem, jobs::exit_code(problem.reason));
        return jobs::exit_code(problem.reason);
    };
    measurement made;
    try {
        in_process backend({});
        made = measure(backend, request, interrupted);
    } catch (const system_error& error) {
        return fail({jobs::reason::io_error, error.what()});
    }
    if (request.output.json) {
        for (const auto& line : measurement_json(made)) write_json_line(std::cout, line);
    } else if (!made.runs.empty()) {
        std::cout << measurement_text(made) << std::flush;
    }
    return made.error ? fail(made.error) : 0;
}

}  // namespace peerpress::client
