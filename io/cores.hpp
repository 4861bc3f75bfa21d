// How many cores this process may use: those it may run on, and the time its cgroups grant it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace peerpress::io {

// At least 1. A part of a core counts as one: a thread that is throttled now and then uses it, none
// would not.
std::uint32_t usable_cores();

// --- what it consists of ---

// Cores' worth of time in cpu.max (cgroup v2): "150000 100000" is 1.5; nothing for "max 100000" and
// nonsense.
std::optional<double> quota_of_cpu_max(std::string_view text);

// The same of cpu.cfs_quota_us and cpu.cfs_period_us (cgroup v1); a quota of -1 is none.
std::optional<double> quota_of_cfs(std::string_view quota_us, std::string_view period_us);

// The path in /proc/self/cgroup of a v1 controller, or of v2 where `controller` is empty.
std::optional<std::string> cgroup_path(std::string_view proc_self_cgroup,
                                       std::string_view controller);

// The smallest quota among the process's cgroup and those above it, with /proc and /sys under
// `root`.
std::optional<double> cgroup_quota(const std::filesystem::path& root = "/");

}  // namespace peerpress::io
