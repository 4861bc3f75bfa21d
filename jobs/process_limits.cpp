#include "jobs/process_limits.hpp"

#include <sys/resource.h>

#include <fstream>
#include <limits>
#include <string>

namespace peerpress::jobs {

mode_t process_umask() {
    std::ifstream status("/proc/self/status");
    const std::string key = "Umask:";
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(key))
            return static_cast<mode_t>(std::stoul(line.substr(key.size()), nullptr, 8));
    return 077;  // without /proc: what harms nobody
}

std::uint64_t open_files_max() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
    return limit.rlim_cur == RLIM_INFINITY ? std::numeric_limits<std::uint64_t>::max()
                                           : limit.rlim_cur;
}

}  // namespace peerpress::jobs
