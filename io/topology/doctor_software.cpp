// What the software path needs: io_uring, and memory.
#include "io/topology/doctor.hpp"
#include "io/topology/explain.hpp"

namespace peerpress::io::topology {

namespace {

std::string fix_refused_ring(const host_files& files, const error_code& refusal) {
    const auto disabled = files.integer("/proc/sys/kernel/io_uring_disabled").value_or(0);
    if (disabled == 2) return "sysctl kernel.io_uring_disabled=0";
    if (disabled == 1)
        return "sysctl kernel.io_uring_disabled=0, or put the user into the group whose number is "
               "in "
               "/proc/sys/kernel/io_uring_group";
    if (refusal == boost::system::errc::function_not_supported)
        return "run a kernel that has io_uring (CONFIG_IO_URING=y)";
    if (refusal == boost::system::errc::operation_not_permitted)
        return "allow io_uring in the container's or the service's system call filter (seccomp)";
    return "raise the limits on memory and open files (ulimit -l, ulimit -n)";
}

check examine_ring(const host_files& files, const process_facts& process) {
    if (!process.ring) return {"io-uring", health::ok, "io_uring is available to this user", ""};
    return {"io-uring", health::failed, "the kernel refuses an io_uring: " + process.ring.message(),
            fix_refused_ring(files, process.ring)};
}

// Kernels since 5.12 charge rings to the control group, not to this limit.
constexpr kernel_version rings_not_locked_since{5, 12};
constexpr std::uint64_t locked_bytes_enough = 1 << 20;  // two rings of 128 entries take far less

check examine_locked_memory(const host_files& files, const process_facts& process) {
    if (!process.locked_bytes_max) return {"locked-memory", health::ok, "unlimited", ""};
    const std::string limit = "limited to " + format_bytes(*process.locked_bytes_max);
    const auto version =
        parse_kernel_version(files.line("/proc/sys/kernel/osrelease").value_or(""));
    const bool old = version && *version < rings_not_locked_since;
    if (old && *process.locked_bytes_max < locked_bytes_enough)
        return {"locked-memory", health::warning,
                limit + ", and this kernel counts io_uring against it",
                "ulimit -l 65536, or LimitMEMLOCK=64M in the service"};
    return {"locked-memory", health::ok, limit + ", which is enough", ""};
}

check examine_huge_pages(const host_files& files) {
    std::int64_t free = 0;
    const std::string memory = files.text("/proc/meminfo").value_or("");
    for (const std::string_view line : split(memory, '\n'))
        if (line.starts_with("HugePages_Free:"))
            free = parse_integer(trimmed(line.substr(line.find(':') + 1))).value_or(0);
    if (free > 0)
        return {"huge-pages", health::ok, std::to_string(free) + " huge pages are free", ""};

    // "always [madvise] never"
    const std::string transparent =
        files.line("/sys/kernel/mm/transparent_hugepage/enabled").value_or("");
    if (!transparent.empty() && transparent.find("[never]") == transparent.npos)
        return {"huge-pages", health::ok, "none are reserved; the kernel makes them as needed", ""};
    return {
        "huge-pages", health::warning,
        "there are none: buffers lie on 4 KiB pages, which costs some speed",
        "sysctl vm.nr_hugepages=64, or echo madvise > /sys/kernel/mm/transparent_hugepage/enabled"};
}

}  // namespace

std::vector<check> examine_software(const host_files& files, const process_facts& process) {
    return {examine_ring(files, process), examine_locked_memory(files, process),
            examine_huge_pages(files)};
}

}  // namespace peerpress::io::topology
