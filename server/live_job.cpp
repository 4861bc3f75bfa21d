#include "server/live_job.hpp"

namespace peerpress::server {

job_view view_of(const live_job& job, job_record stored) {
    job_view view{.record = job.record};
    view.record.spec = std::move(stored.spec);
    view.record.paths = std::move(stored.paths);
    if (jobs::is_terminal(job.record.state)) return view;

    const job_counters run = counters_of(*job.progress);
    view.record.counters = run + job.earlier.counters;
    view.paths = job.earlier.paths;
    for (const jobs::path_bytes& part : job.progress->paths.snapshot())
        jobs::add_path_bytes(view.paths, part);
    if (!job.running_since) return view;

    view.scanning = job.progress->scanning;
    const std::chrono::duration<double> elapsed =
        std::chrono::steady_clock::now() - *job.running_since;
    if (elapsed.count() > 0)
        view.bytes_per_second = static_cast<double>(run.bytes_in) / elapsed.count();
    if (!view.scanning && view.bytes_per_second > 0) {
        const std::int64_t left = std::max<std::int64_t>(run.bytes_total - run.bytes_in, 0);
        view.eta_seconds = static_cast<double>(left) / view.bytes_per_second;
    }
    return view;
}

}  // namespace peerpress::server
