#include "client/in_process/progress_probe.hpp"

namespace peerpress::client {

progress_sample progress_probe::sample(const jobs::job_progress& progress, time_point now) {
    const std::uint64_t bytes_in = progress.bytes.bytes_in;
    meter_.add(now, bytes_in);
    return {.bytes_in = bytes_in,
            .bytes_total = progress.bytes_total,
            .bytes_out = progress.bytes.bytes_out,
            .files_total = progress.files_total,
            .files_done = progress.files_done,
            .files_failed = progress.files_failed,
            .scanning = progress.scanning,
            .bytes_per_second = meter_.bytes_per_second(),
            .elapsed_seconds = std::chrono::duration<double>(now - start_).count(),
            .paths = progress.paths.snapshot()};
}

}  // namespace peerpress::client
