#include "client/in_process/in_process.hpp"

#include "accel/noload/discovery.hpp"
#include "accel/software/software_engine.hpp"
#include "client/in_process/mailbox.hpp"
#include "client/in_process/progress_probe.hpp"
#include "jobs/describe.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <utility>

namespace peerpress::client {
namespace {

// Ten times a second a line is redrawn; nobody reads faster.
constexpr std::chrono::milliseconds tick{100};

pipeline::engine_factory software_engines(std::uint32_t threads) {
    return [threads](asio::any_io_executor executor) {
        return accel::software::make_engine(std::move(executor), {.threads = threads});
    };
}

// The ring carries commands as well, should there be an accelerator.
pipeline::lane_options lane_options_here() {
    pipeline::lane_options options;
    options.ring.commands = true;
    return options;
}

awaitable<accel::device_engines> open_on(pipeline::lane& lane,
                                         std::vector<accel::noload::found_device> found) {
    co_return co_await accel::noload::open_devices(lane.ring(), std::move(found));
}

// Waits for `result` and reports meanwhile.
template <class T>
T follow(std::future<T> result, const jobs::job_progress& progress, mailbox* files,
         job_listener& listener) {
    progress_probe probe(std::chrono::steady_clock::now());
    while (result.wait_for(tick) != std::future_status::ready) {
        if (files != nullptr) files->deliver(listener);
        listener.on_progress(probe.sample(progress, std::chrono::steady_clock::now()));
    }
    if (files != nullptr) files->deliver(listener);
    return result.get();
}

}  // namespace

in_process::in_process(in_process_options options)
    : options_(std::move(options)),
      lane_(software_engines(options_.threads), lane_options_here()),
      outputs_(jobs::make_output_registry()) {}

void in_process::close_ring() {
    asio::post(lane_.executor(), [this] { lane_.ring().close(); });
}

std::uint32_t in_process::parallelism() {
    return asio::post(lane_.executor(),
                      asio::use_future([this] { return lane_.engine().parallelism(); }))
        .get();
}

jobs::p2p_planner& in_process::planner() {
    if (!planner_)
        planner_ = std::make_unique<jobs::p2p_planner>(lane_.executor(), jobs::p2p_options{});
    return *planner_;
}

bool in_process::has_accelerators() {
    if (!std::exchange(looked_for_accelerators_, true)) {
        const io::topology::host_files files;
        std::vector<accel::noload::found_device> found;
        if (accel::noload::may_have_devices(files))
            found = accel::noload::find_devices(files, io::topology::read_machine(files));
        if (!found.empty())
            planner().use(
                asio::co_spawn(lane_.executor(), open_on(lane_, std::move(found)), asio::use_future)
                    .get());
    }
    return planner_ && planner_->has_devices();
}

jobs::device_rules in_process::device_rules() {
    jobs::device_rules rules{.any = ::geteuid() == 0};
    if (!rules.any)
        rules.refusal =
            "raw block devices are for root, or for a server that was told which (p2p.devices)";
    return rules;
}

jobs::problem in_process::check(const job_request& request) {
    const bool copies = request.spec.operation == jobs::operation::copy;
    if (!copies && request.spec.via.fallback == fallback::forbid && !has_accelerators()) {
        return {jobs::reason::invalid_argument,
                "--fallback forbid: there is no accelerator; only the software engine is left"};
    }
    if (auto problem = jobs::validate(request.spec)) return problem;
    for (const std::string& source : request.spec.sources) {
        struct stat status{};
        if (::lstat(source.c_str(), &status) != 0) return jobs::describe_open_source(errno, source);
    }
    return {};
}

job_end in_process::run(const job_request& request, job_listener& listener,
                        const interruption& interrupted) {
    if (request.spec.operation != jobs::operation::copy &&
        request.spec.via.fallback == fallback::forbid && !has_accelerators())
        return {.outcome = {jobs::job_state::failed, check(request)}};
    return {.outcome = run(request.spec, {.accelerators = true}, listener, interrupted)};
}

jobs::job_outcome in_process::run(const jobs::job_spec& spec, job_manner manner,
                                  job_listener& listener, const interruption& interrupted) {
    jobs::job_progress progress;
    mailbox files;
    jobs::job_context context{.lane = lane_,
                              .observer = files,
                              .progress = progress,
                              .stop = interrupted.cancelled(),
                              .outputs = outputs_,
                              .history = {},
                              .carry_metadata = manner.carry_metadata,
                              .durable = manner.durable,
                              .transfer = options_.transfer};
    const bool local = options_.device == "software";
    const bool by_device = manner.accelerators && local &&
                           spec.engine != jobs::engine_choice::software && has_accelerators();
    if (spec.operation == jobs::operation::copy || by_device) context.planner = &planner();
    context.devices = device_rules();
    auto done =
        asio::co_spawn(lane_.executor(), jobs::run_job(spec, std::move(context)), asio::use_future);
    return follow(std::move(done), progress, &files, listener);
}

jobs::file_result in_process::stream(const stream_request& request, job_listener& listener,
                                     const interruption& interrupted) {
    jobs::file_result failed;
    failed.source = request.source;
    failed.destination = request.destination;
    stream_ends ends;
    failed.error = ends.open(request, outputs_);
    if (failed.error) return failed;

    jobs::job_progress progress;
    progress.files_total = 1;
    progress.scanning = false;
    progress.bytes_total = ends.source_bytes().value_or(0);
    const std::stop_callback stop(interrupted.cancelled(), [this] { close_ring(); });
    auto done = asio::co_spawn(lane_.executor(),
                               run_stream(request,
                                          {.lane = lane_,
                                           .ends = ends,
                                           .transfer = options_.transfer,
                                           .progress = progress,
                                           .stop = interrupted.cancelled()},
                                          options_.device),
                               asio::use_future);
    jobs::file_result result = follow(std::move(done), progress, nullptr, listener);
    if (!result.error) result.error = ends.publish();
    return result;
}

}  // namespace peerpress::client
