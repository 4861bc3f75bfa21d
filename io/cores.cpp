#include "io/cores.hpp"

#include <sched.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <thread>

namespace peerpress::io {

namespace {

namespace fs = std::filesystem;

std::string text_of(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string_view trimmed(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \n");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \n") - first + 1);
}

std::optional<std::int64_t> number_in(std::string_view text) {
    text = trimmed(text);
    std::int64_t number = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

// One element of a comma-separated list.
bool has_element(std::string_view list, std::string_view wanted) {
    while (true) {
        const std::size_t comma = list.find(',');
        if (list.substr(0, comma) == wanted) return true;
        if (comma == std::string_view::npos) return false;
        list.remove_prefix(comma + 1);
    }
}

void lower(std::optional<double>& least, std::optional<double> quota) {
    if (quota) least = std::min(*quota, least.value_or(*quota));
}

// Looks at the group and at each one above it, up to the mount point: a limit holds for all below.
// Inside a container the path may be the host's and not exist here; the mount point then is the
// container's own group.
template <class Quota>
std::optional<double> least_quota(const fs::path& mount, std::string_view group, Quota quota_in) {
    std::optional<double> least;
    fs::path path = mount / fs::path(group).relative_path();
    for (;;) {
        lower(least, quota_in(path));
        if (path == mount || !path.has_relative_path()) return least;
        path = path.parent_path();
        if (path.string().size() < mount.string().size()) return least;
    }
}

std::uint32_t allowed_cores() {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (::sched_getaffinity(0, sizeof set, &set) == 0)
        return static_cast<std::uint32_t>(CPU_COUNT(&set));
    return std::thread::hardware_concurrency();  // more than CPU_SETSIZE cores
}

}  // namespace

std::uint32_t usable_cores() {
    double cores = allowed_cores();
    if (const std::optional<double> quota = cgroup_quota()) cores = std::min(cores, *quota);
    return static_cast<std::uint32_t>(std::max(1.0, std::ceil(cores)));
}

std::optional<double> quota_of_cpu_max(std::string_view text) {
    text = trimmed(text);
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    return quota_of_cfs(text.substr(0, space), text.substr(space + 1));
}

std::optional<double> quota_of_cfs(std::string_view quota_us, std::string_view period_us) {
    const auto quota = number_in(quota_us);
    const auto period = number_in(period_us);
    if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
    return static_cast<double>(*quota) / static_cast<double>(*period);
}

std::optional<std::string> cgroup_path(std::string_view proc_self_cgroup,
                                       std::string_view controller) {
    // Lines of "hierarchy:controllers:path"; a path may contain colons.
    while (!proc_self_cgroup.empty()) {
        const std::string_view line = proc_self_cgroup.substr(0, proc_self_cgroup.find('\n'));
        proc_self_cgroup.remove_prefix(std::min(line.size() + 1, proc_self_cgroup.size()));
        const std::size_t first = line.find(':');
        if (first == std::string_view::npos) continue;
        const std::size_t second = line.find(':', first + 1);
        if (second == std::string_view::npos) continue;
        const std::string_view controllers = line.substr(first + 1, second - first - 1);
        const bool found =
            controller.empty() ? controllers.empty() : has_element(controllers, controller);
        if (found) return std::string(line.substr(second + 1));
    }
    return std::nullopt;
}

std::optional<double> cgroup_quota(const std::filesystem::path& root) {
    const std::string groups = text_of(root / "proc/self/cgroup");
    const fs::path mounts = root / "sys/fs/cgroup";
    std::optional<double> least;
    if (const auto path = cgroup_path(groups, "")) {
        for (const fs::path& mount : std::array{mounts, mounts / "unified"})
            lower(least, least_quota(mount, *path, [](const fs::path& group) {
                      return quota_of_cpu_max(text_of(group / "cpu.max"));
                  }));
    }
    if (const auto path = cgroup_path(groups, "cpu")) {
        for (const fs::path& mount : std::array{mounts / "cpu", mounts / "cpu,cpuacct"})
            lower(least, least_quota(mount, *path, [](const fs::path& group) {
                      return quota_of_cfs(text_of(group / "cpu.cfs_quota_us"),
                                          text_of(group / "cpu.cfs_period_us"));
                  }));
    }
    return least;
}

}  // namespace peerpress::io
