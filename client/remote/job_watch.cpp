#include "client/remote/job_watch.hpp"

#include "client/remote/convert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <mutex>

namespace peerpress::client {
namespace {

using clock = std::chrono::steady_clock;

struct watch_state {
    std::int64_t sequence = 0;  // of the last event that was reported
    v1::Job last;
    bool answered = false;  // in this attempt
    clock::time_point start = clock::now();
};

void report_progress(const v1::Progress& progress, const watch_state& state,
                     job_listener& listener) {
    progress_sample sample = from_message(progress);
    sample.elapsed_seconds = std::chrono::duration<double>(clock::now() - state.start).count();
    listener.on_progress(sample);
}

void take(const v1::JobEvent& event, watch_state& state, job_listener& listener) {
    state.answered = true;
    switch (event.event_case()) {
        case v1::JobEvent::kSnapshot:
            state.last = event.snapshot();
            report_progress(state.last.progress(), state, listener);
            break;
        case v1::JobEvent::kProgress:
            report_progress(event.progress(), state, listener);
            break;
        case v1::JobEvent::kFile:
            listener.on_file(from_message(event.file()));
            break;
        case v1::JobEvent::EVENT_NOT_SET:
            break;
    }
    state.sequence = std::max(state.sequence, event.sequence());
}

grpc::Status watch_once(server_connection& server, const std::string& name, watch_state& state,
                        job_listener& listener, const std::stop_token& leave) {
    grpc::ClientContext context;
    const std::stop_callback cancel(leave, [&context] { context.TryCancel(); });
    v1::WatchJobRequest request;
    request.set_name(name);
    request.set_after_sequence(state.sequence);
    request.set_include_files(true);
    const auto events = server.jobs().WatchJob(&context, request);
    for (v1::JobEvent event; events->Read(&event);) take(event, state, listener);
    grpc::Status status = events->Finish();
    if (status.ok() && !jobs::is_terminal(from_message(state.last.state()))) {
        return {grpc::StatusCode::UNAVAILABLE, "the watch ended before the job"};
    }
    return status;
}

// Less where `leave` is asked for.
void wait(std::chrono::milliseconds time, std::stop_token leave) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, std::move(leave), time, [] { return false; });
}

}  // namespace

std::optional<v1::Job> watch_job(server_connection& server, const std::string& name,
                                 job_listener& listener, std::stop_token leave,
                                 watch_options options) {
    watch_state state;
    int attempts = 0;
    std::chrono::milliseconds pause = options.pause;
    for (;;) {
        state.answered = false;
        const grpc::Status status = watch_once(server, name, state, listener, leave);
        if (status.ok()) return state.last;
        if (leave.stop_requested()) return std::nullopt;
        const server_error error = make_server_error(status, server.address().text);
        if (!error.lost()) throw error;
        if (state.answered) {
            attempts = 0;
            pause = options.pause;
        }
        if (++attempts >= options.attempts_max) {
            throw server_error(
                {error.problem().reason,
                 fmt::format("{}; the job goes on there: peerpress watch {}", error.what(), name)},
                jobs::exit_no_server, true);
        }
        wait(pause, leave);
        if (leave.stop_requested()) return std::nullopt;
        pause *= 2;
    }
}

}  // namespace peerpress::client
