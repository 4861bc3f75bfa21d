#include "client/bench/figures.hpp"

#include <algorithm>

namespace peerpress::client::bench {

job_limit limit_of(const disk_figures& disk, double codec_rate, double ratio) {
    // A copy that seems faster than reading alone is noise.
    const double read_seconds = 1 / disk.read;
    const double copy_seconds = std::max(1 / disk.copy, read_seconds);
    const double share_written = 1 / ratio;
    const double both = 1 / (read_seconds + share_written * (copy_seconds - read_seconds));

    return std::min({job_limit{codec_rate, "codec"}, job_limit{disk.read, "read"},
                     job_limit{disk.write * ratio, "write"}, job_limit{both, "read+write"}},
                    [](const job_limit& a, const job_limit& b) { return a.rate < b.rate; });
}

}  // namespace peerpress::client::bench
