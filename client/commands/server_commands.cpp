// jobs, watch, cancel, server-info.
#include "client/commands/commands.hpp"
#include "client/remote/convert.hpp"
#include "client/remote/find_server.hpp"
#include "client/remote/job_watch.hpp"
#include "client/remote/server_json.hpp"
#include "client/report/counting_listener.hpp"
#include "client/report/json_reporter.hpp"
#include "client/report/make_reporter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <iostream>

namespace peerpress::client {
namespace {

constexpr std::int32_t page_max = 1000;

// What all of them do with a server that refuses or does not answer.
int guarded(reporter& reporter, const std::function<int()>& work) {
    try {
        return work();
    } catch (const server_error& error) {
        reporter.on_error(error.problem(), error.exit_code());
        return error.exit_code();
    }
}

void print_job(const v1::Job& job, bool json) {
    if (json) {
        write_json_line(std::cout, job_json(job));
    } else {
        std::cout << job_row(job) << std::endl;
    }
}

int list_jobs(const jobs_request& request, reporter& reporter) {
    const found_server server = require_server(request.server);
    reporter.on_note("server " + server.connection->address().text);
    v1::ListJobsRequest page;
    page.set_page_size(request.all ? page_max : static_cast<std::int32_t>(request.limit));
    page.set_page_token(request.page_token);
    for (const jobs::job_state state : request.states) page.add_states(to_message(state));
    const bool json = request.output.json;
    if (!json && !request.output.quiet) std::cout << job_header() << std::endl;
    for (;;) {
        const v1::ListJobsResponse found = server.connection->list_jobs(page);
        for (const v1::Job& job : found.jobs()) print_job(job, json);
        page.set_page_token(found.next_page_token());
        if (found.next_page_token().empty() || !request.all || !std::cout) break;
    }
    if (page.page_token().empty()) return 0;
    if (json) {
        write_json_line(std::cout, {{"type", "page"}, {"next_page_token", page.page_token()}});
    } else if (!request.output.quiet) {
        std::cerr << "peerpress jobs: there are more: --page " << page.page_token() << ", or --all"
                  << std::endl;
    }
    return 0;
}

// How long the job has run, not how long it was watched.
double elapsed_of(const v1::Job& job) {
    if (!job.has_start_time() || !job.has_end_time()) return 0;
    const auto seconds = static_cast<double>(job.end_time().seconds() - job.start_time().seconds());
    return seconds + 1e-9 * (job.end_time().nanos() - job.start_time().nanos());
}

int watch(const watch_request& request, interruption& interrupted, const found_server& server,
          const v1::Job& job, reporter& reporter) {
    counting_listener listener(reporter);
    const auto last = watch_job(*server.connection, job.name(), listener, interrupted.cancelled());
    if (!last) return 1;
    const jobs::job_outcome outcome = outcome_of(*last);
    const int code = jobs::exit_code(outcome);
    reporter.on_summary({.operation = from_message(last->spec().operation()),
                         .outcome = outcome,
                         .totals = listener.totals,
                         .elapsed_seconds = elapsed_of(*last),
                         .backend = "server " + server.connection->address().text,
                         .job = last->name(),
                         .exit_code = code});
    if (!request.output.quiet && !request.output.json) {
        std::cerr << fmt::format("{} {}", last->name(), jobs::job_state_name(outcome.state))
                  << std::endl;
    }
    return code;
}

}  // namespace

int run(const jobs_request& request, interruption& interrupted) {
    const auto reporter =
        make_reporter(request.output, "peerpress jobs", jobs::operation::compress, interrupted);
    return guarded(*reporter, [&] { return list_jobs(request, *reporter); });
}

int run(const watch_request& request, interruption& interrupted) {
    const auto early =
        make_reporter(request.output, "peerpress watch", jobs::operation::compress, interrupted);
    return guarded(*early, [&] {
        const found_server server = require_server(request.server);
        const v1::Job job = server.connection->get_job(job_name(request.job));
        // The ratio's direction depends on what the job does.
        const auto reporter = make_reporter(request.output, "peerpress watch",
                                            from_message(job.spec().operation()), interrupted);
        return watch(request, interrupted, server, job, *reporter);
    });
}

int run(const cancel_request& request, interruption& interrupted) {
    const auto reporter =
        make_reporter(request.output, "peerpress cancel", jobs::operation::compress, interrupted);
    return guarded(*reporter, [&] {
        const found_server server = require_server(request.server);
        int code = 0;
        for (const std::string& name : request.jobs) {
            code = std::max(code, guarded(*reporter, [&] {
                                const v1::Job job = server.connection->cancel_job(job_name(name));
                                if (request.output.json || !request.output.quiet)
                                    print_job(job, request.output.json);
                                return 0;
                            }));
        }
        return code;
    });
}

int run(const server_info_request& request, interruption& interrupted) {
    const auto reporter = make_reporter(request.output, "peerpress server-info",
                                        jobs::operation::compress, interrupted);
    return guarded(*reporter, [&] {
        const found_server server = require_server(request.server);
        const std::string& address = server.connection->address().text;
        if (request.output.json) {
            write_json_line(std::cout, server_json(server.info, address));
        } else {
            std::cout << server_text(server.info, address) << std::flush;
        }
        return 0;
    });
}

int run(const text_request& request, interruption&) {
    std::cout << request.text << std::flush;
    return 0;
}

}  // namespace peerpress::client
