#include "client/report/job_totals.hpp"

#include <algorithm>

namespace peerpress::client {

void job_totals::add(const jobs::file_result& file) {
    if (file.error) {
        ++files_failed;
        return;
    }
    if (file.skipped) {
        ++files_skipped;
        return;
    }
    ++files_done;
    bytes_in += file.bytes_in;
    bytes_out += file.bytes_out;
    for (const jobs::path_bytes& part : file.paths) {
        const auto same = std::ranges::find_if(paths, [&](const jobs::path_bytes& known) {
            return known.path == part.path && known.device == part.device &&
                   known.reason == part.reason;
        });
        if (same == paths.end()) {
            paths.push_back(part);
        } else {
            same->bytes += part.bytes;
        }
    }
}

}  // namespace peerpress::client
