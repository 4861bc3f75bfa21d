#include "server/job_counters.hpp"

namespace peerpress::server {

job_counters counters_of(const jobs::job_progress& progress) {
    const auto number = [](const std::atomic<std::uint64_t>& n) {
        return static_cast<std::int64_t>(n.load());
    };
    return {.files_total = number(progress.files_total),
            .files_done = number(progress.files_done),
            .files_failed = number(progress.files_failed),
            .bytes_total = number(progress.bytes_total),
            .bytes_in = number(progress.bytes.bytes_in),
            .bytes_out = number(progress.bytes.bytes_out),
            .page_cache_files = number(progress.page_cache_files)};
}

job_counters operator+(job_counters a, const job_counters& b) {
    a.files_total += b.files_total;
    a.files_done += b.files_done;
    a.files_failed += b.files_failed;
    a.bytes_total += b.bytes_total;
    a.bytes_in += b.bytes_in;
    a.bytes_out += b.bytes_out;
    a.page_cache_files += b.page_cache_files;
    return a;
}

}  // namespace peerpress::server
