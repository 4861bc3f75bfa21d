#include "server/watch_interval.hpp"

#include "server/refusal.hpp"

#include <algorithm>

namespace peerpress::server {

using duration = std::chrono::steady_clock::duration;

duration watch_interval(const google::protobuf::Duration& asked, duration unset) {
    if (asked.seconds() < 0 || asked.nanos() < 0) {
        throw refusal(jobs::reason::invalid_argument, "min_interval: negative",
                      {{"field", "min_interval"}});
    }
    if (asked.seconds() == 0 && asked.nanos() == 0) return unset;
    // An hour is as good as any longer time, and cannot overflow.
    const std::chrono::seconds seconds(std::min<std::int64_t>(asked.seconds(), 3600));
    return std::max<duration>(seconds + std::chrono::nanoseconds(asked.nanos()),
                              watch_interval_min);
}

}  // namespace peerpress::server
