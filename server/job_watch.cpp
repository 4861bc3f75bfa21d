#include "server/job_watch.hpp"

#include "server/job_service.hpp"
#include "server/refusal.hpp"
#include "server/watch_interval.hpp"

#include <chrono>

namespace peerpress::server {

namespace {

using steady = std::chrono::steady_clock;

constexpr std::int64_t files_per_query = 256;

// One watcher. Every step returns false where the client has gone.
class job_watcher {
public:
    job_watcher(job_manager& manager, v1::WatchJobRequest request, visible_jobs visible,
                std::shared_ptr<outgoing_stream<v1::JobEvent>> stream)
        : manager_(manager),
          request_(std::move(request)),
          visible_(visible),
          stream_(std::move(stream)),
          id_(job_id_of(request_.name(), "name")),
          interval_(watch_interval(request_.min_interval(), watch_interval_min)),
          sequence_(request_.after_sequence()) {
        if (sequence_ < 0) {
            throw refusal(jobs::reason::invalid_argument, "after_sequence: negative",
                          {{"field", "after_sequence"}});
        }
    }

    awaitable<> watch() {
        const job_view first = co_await manager_.get(id_, visible_);
        row_ = first.record.row;
        const bool there = co_await send_snapshot(first);
        if (!there) co_return;
        const std::shared_ptr<live_job> live = manager_.find_live(id_);
        if (live) {
            if (!co_await follow(live)) co_return;
        } else if (!co_await send_files()) {
            co_return;
        }
        // The first snapshot of a job that had ended is its last, unless files came in between.
        const bool said = jobs::is_terminal(first.record.state) && !request_.include_files();
        if (!said) co_await send_current();
    }

private:
    // Until the job has ended and all of its files have been sent.
    awaitable<bool> follow(std::shared_ptr<live_job> job) {
        change::listener changed(job->changed, co_await asio::this_coro::executor);
        while (true) {
            const bool ended = jobs::is_terminal(job->record.state);
            if (!co_await send_files()) co_return false;
            if (ended) co_return true;
            if (!co_await send_news(*job)) co_return false;
            if (manager_.closing()) {
                throw refusal(jobs::reason::draining,
                              "the server is shutting down; the job goes on after its restart");
            }
            // While a state or file changes at every moment the listener ends at once; progress
            // does not.
            if (!pending(*job))
                co_await changed.wait(std::min<steady::duration>(interval_, watch_wait_max));
        }
    }

    // Has anything happened while the last events were being sent?
    bool pending(const live_job& job) const {
        return jobs::is_terminal(job.record.state) || job.record.state != state_ ||
               manager_.closing() || (request_.include_files() && job.record.sequence > sequence_);
    }

    // A changed state at once, progress when its time has come.
    awaitable<bool> send_news(const live_job& job) {
        if (stream_->gone()) co_return false;
        const job_view view = view_of(job, {});
        if (jobs::is_terminal(view.record.state)) co_return true;
        if (view.record.state != state_) co_return co_await send_current();
        if (steady::now() - progress_at_ < interval_ || !job.running_since) co_return true;

        progress_at_ = steady::now();
        v1::JobEvent event = make_event();
        *event.mutable_progress() = to_progress(view);
        co_return co_await stream_->write(std::move(event));
    }

    awaitable<bool> send_current() {
        job_view view = co_await manager_.get(id_, visible_);
        co_return co_await send_snapshot(std::move(view));
    }

    awaitable<bool> send_snapshot(job_view view) {
        state_ = view.record.state;
        progress_at_ = steady::now();
        v1::JobEvent event = make_event();
        *event.mutable_snapshot() = to_proto(view);
        co_return co_await stream_->write(std::move(event));
    }

    awaitable<bool> send_files() {
        bool more = request_.include_files();
        while (more) {
            const file_query query{
                .job_row = row_, .after_sequence = sequence_, .count_max = files_per_query};
            const page<stored_file> found = co_await manager_.files(query);
            for (const auto& file : found.records) {
                sequence_ = file.sequence;
                v1::JobEvent event = make_event();
                event.mutable_file()->ParseFromString(file.result);
                if (!co_await stream_->write(std::move(event))) co_return false;
            }
            more = found.more;
        }
        co_return true;
    }

    v1::JobEvent make_event() const {
        v1::JobEvent event;
        event.set_sequence(sequence_);
        *event.mutable_event_time() = to_timestamp(now_micros());
        return event;
    }

    job_manager& manager_;
    const v1::WatchJobRequest request_;
    const visible_jobs visible_;
    std::shared_ptr<outgoing_stream<v1::JobEvent>> stream_;
    const std::string id_;
    const steady::duration interval_;
    std::int64_t sequence_;  // of the last file the client has
    std::int64_t row_ = 0;
    jobs::job_state state_ = jobs::job_state::queued;
    steady::time_point progress_at_;
};

}  // namespace

awaitable<> watch_job(job_manager& manager, v1::WatchJobRequest request, visible_jobs visible,
                      std::shared_ptr<outgoing_stream<v1::JobEvent>> stream) {
    job_watcher watcher(manager, std::move(request), visible, std::move(stream));
    co_await watcher.watch();
}

}  // namespace peerpress::server
