// list.
#include "client/commands/commands.hpp"
#include "client/commands/list_files.hpp"
#include "client/commands/outcome_sum.hpp"
#include "client/in_process/in_process.hpp"
#include "client/printable.hpp"
#include "client/report/json_lines.hpp"
#include "client/report/json_reporter.hpp"
#include "client/report/make_reporter.hpp"
#include "client/units.hpp"

#include <fmt/format.h>

#include <iostream>

namespace peerpress::client {
namespace {

constexpr const char* columns = "{:>16}  {:>16}  {:>8}  {:>9}  {:<7} {}";

void print_row(const std::string& name, const pipeline::listing& listing) {
    std::cout << fmt::format(fmt::runtime(columns), listing.compressed_bytes, listing.data_bytes,
                             ratio_text(listing.data_bytes, listing.compressed_bytes),
                             listing.members, listing.convention, printable(name))
              << std::endl;
}

}  // namespace

int run(const list_request& request, interruption& interrupted) {
    const auto reporter =
        make_reporter(request.output, "peerpress list", jobs::operation::test, interrupted);
    outcome_sum outcomes;
    try {
        in_process backend({});
        if (!request.output.json && !request.output.quiet) {
            std::cout << fmt::format(fmt::runtime(columns), "compressed", "data", "ratio",
                                     "members", "kind", "name")
                      << std::endl;
        }
        for (const std::string& file : request.files) {
            if (interrupted.cancelled().stop_requested()) return 1;
            const list_result result = list_file(backend, file, interrupted);
            if (result.error) {
                reporter->on_error(result.error, jobs::exit_code(result.error.reason));
            } else if (request.output.json) {
                write_json_line(std::cout, listing_json(file, result.listing));
            } else {
                print_row(file, result.listing);
            }
            outcomes.add(jobs::job_outcome{
                .state = result.error ? jobs::job_state::failed : jobs::job_state::succeeded,
                .error = result.error});
        }
    } catch (const system_error& error) {
        reporter->on_error({jobs::reason::io_error, error.what()}, 1);
        return 1;
    }
    return outcomes.exit_code();
}

}  // namespace peerpress::client
