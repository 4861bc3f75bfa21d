// devices, topology, doctor.
#include "client/commands/commands.hpp"
#include "client/printable.hpp"
#include "client/remote/find_server.hpp"
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

void print(const std::vector<shown_accelerator>& accelerators, bool json) {
    if (!json) return print_text(accelerators_text(accelerators));
    for (const shown_accelerator& one : accelerators)
        write_json_line(std::cout, accelerator_json(one));
}

void list_devices(const devices_request& request) {
    const host_files files(request.root);
    const machine in = read_machine(files);
    std::vector<accel::noload::found_device> found;
    found_server server;
    // Only this machine's own can be asked what they are, and by root alone.
    if (request.root == "/") {
        server = find_server(request.server);
        found = accel::noload::find_devices(files, in);
    }
    if (request.output.json)
        print_json(devices_json(in));
    else
        print_text(devices_text(in));
    print(shown(found, server.info), request.output.json);
}

void change_devices(const devices_request& request) {
    const found_server server = require_server(request.server);
    for (const std::string& name : request.devices) {
        const v1::Accelerator now = request.action == devices_action::drain
                                        ? server.connection->drain_accelerator(name)
                                        : server.connection->return_accelerator(name);
        print({shown(now)}, request.output.json);
    }
}

}  // namespace

int run(const devices_request& request, interruption& interrupted) {
    try {
        if (request.action == devices_action::list)
            list_devices(request);
        else
            change_devices(request);
        return 0;
    } catch (const server_error& error) {
        make_reporter(request.output, "peerpress devices", jobs::operation::test, interrupted)
            ->on_error(error.problem(), error.exit_code());
        return error.exit_code();
    }
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
