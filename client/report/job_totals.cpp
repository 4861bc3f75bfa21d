#include "client/report/job_totals.hpp"

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
    for (const jobs::path_bytes& part : file.paths) jobs::add_path_bytes(paths, part);
}

}  // namespace peerpress::client
