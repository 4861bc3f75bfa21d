#include "server/process_numbers.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>

namespace peerpress::server {

namespace {

double seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

}  // namespace

process_numbers read_process_numbers() {
    process_numbers numbers;
    std::uint64_t pages_total = 0;
    std::uint64_t pages_resident = 0;
    if (std::ifstream("/proc/self/statm") >> pages_total >> pages_resident) {
        numbers.resident_bytes = pages_resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    }
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    numbers.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);

    std::error_code ignored;
    for (auto entry = std::filesystem::directory_iterator("/proc/self/fd", ignored);
         entry != std::filesystem::directory_iterator(); entry.increment(ignored)) {
        ++numbers.open_fds;
    }
    return numbers;
}

double process_start_seconds() {
    // Field 22 of /proc/self/stat counts from the boot; the uptime does, too.
    std::ifstream stat("/proc/self/stat");
    std::string text;
    std::getline(stat, text);
    double start_ticks = 0;
    std::size_t at = text.rfind(')');  // the name before it may hold anything
    for (int field = 3; at != std::string::npos && field <= 22; ++field) {
        at = text.find(' ', at + 1);
        if (field == 22 && at != std::string::npos) start_ticks = std::stod(text.substr(at));
    }
    double uptime = 0;
    std::ifstream("/proc/uptime") >> uptime;
    const double age = uptime - start_ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
    const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
    return now.count() - age;
}

}  // namespace peerpress::server
