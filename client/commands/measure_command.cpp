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
    // What a job merely warns of, since it goes on with other files, is the end of a measurement.
    const auto fail = [&reporter](const jobs::problem& problem) {
        const int code = jobs::exit_code(problem.reason) == 2 ? 1 : jobs::exit_code(problem.reason);
        reporter->on_error(problem, code);
        return code;
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
