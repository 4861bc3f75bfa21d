// devices, topology, doctor.
#include "client/commands/commands.hpp"
#include "client/printable.hpp"
#include "client/report/accelerator_report.hpp"
#include "client/report/json_reporter.hpp"
#include "client/report/machine_json.hpp"
#include "client/report/machine_text.hpp"
#include "client/report/make_reporter.hpp"
#include "io/topology/choose.hpp"
#include "io/topology/draw.hpp"

#include <iostream>
#include <sstream>

namespace peerpress::client {

using namespace io::topology;

namespace {

void print_json(const std::vector<boost::json::object>& lines) {
    for (const boost::json::object& line : lines) write_json_line(std::cout, line);
}

// Names of file systems and volumes are bytes of other people's choice.
void print_text(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) std::cout << printable(line) << '\n';
    std::cout << std::flush;
}

jobs::problem problem_of(const std::string& path, const error_code& error, bool is_source) {
    using boost::system::errc::no_such_file_or_directory;
    const bool missing = error == no_such_file_or_directory;
    const jobs::reason why = !is_source ? jobs::reason::output_unwritable
                             : missing  ? jobs::reason::source_not_found
                                        : jobs::reason::source_unreadable;
    return {why, path + ": " + error.message()};
}

int judge_paths(const topology_request& request, reporter& reporter) {
    const host_files files;
    const machine in = read_machine(files);
    const auto source = identify(request.source);
    const auto target = identify_target(request.target);
    if (!source || !target) {
        const jobs::problem problem = !source ? problem_of(request.source, source.error(), true)
                                              : problem_of(request.target, target.error(), false);
        reporter.on_error(problem, jobs::exit_code(problem.reason));
        return jobs::exit_code(problem.reason);
    }

    const choice made =
        choose(in, find_backing(files, in, *source), find_backing(files, in, *target),
               {.providers = request.providers, .needed_bytes = request.needed_bytes}, 0);
    if (request.output.json)
        write_json_line(std::cout, verdict_json(request.source, request.target, made.best));
    else
        print_text(draw_verdict(in, made.best));
    return made.best.path == data_path::p2p ? 0 : 1;
}

}  // namespace

int run(const devices_request& request, interruption&) {
    const host_files files(request.root);
    const machine in = read_machine(files);
    // Only this machine's own can be asked what they are, and by root alone.
    std::vector<accel::noload::found_device> accelerators;
    if (request.root == "/") accelerators = accel::noload::find_devices(files, in);
    if (request.output.json) {
        print_json(devices_json(in));
        print_json(accelerators_json(accelerators));
    } else {
        print_text(devices_text(in) + accelerators_text(accelerators));
    }
    return 0;
}

int run(const topology_request& request, interruption& interrupted) {
    if (!request.source.empty()) {
        const auto reporter =
            make_reporter(request.output, "peerpress topology", jobs::operation::test, interrupted);
        return judge_paths(request, *reporter);
    }
    const machine in = read_machine(host_files(request.root));
    if (request.output.json)
        print_json(topology_json(in));
    else
        print_text(topology_text(in));
    return 0;
}

int run(const doctor_request& request, interruption&) {
    const host_files files(request.root);
    const diagnosis made = examine(files, read_machine(files), read_process());
    if (request.output.json)
        print_json(diagnosis_json(made));
    else
        print_text(diagnosis_text(made));
    return made.healthy() ? 0 : 1;
}

}  // namespace peerpress::client
