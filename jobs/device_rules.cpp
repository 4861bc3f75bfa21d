#include "jobs/device_rules.hpp"

#include "io/topology/block_device.hpp"
#include "io/topology/nvme.hpp"
#include "jobs/describe.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace peerpress::jobs {
namespace {

using io::topology::host_files;

constexpr std::uint64_t sector_bytes =
    512;  // of the numbers in sysfs, whatever the device's blocks

std::string number_text(dev_t number) {
    return std::to_string(major(number)) + ":" + std::to_string(minor(number));
}

bool is_device(const std::string& path, dev_t number) {
    struct stat status{};
    return ::stat(path.c_str(), &status) == 0 && S_ISBLK(status.st_mode) &&
           status.st_rdev == number;
}

// The device and its partitions, by their numbers.
std::vector<std::string> family_of(const host_files& files, dev_t number) {
    const std::string own = number_text(number);
    std::vector<std::string> family{own};
    const std::string at = "/sys/dev/block/" + own + "/";
    for (const std::string& name : files.names(at)) {
        const std::string part = at + name;
        if (!files.exists(part + "/partition")) continue;
        if (const auto found = files.line(part + "/dev")) family.push_back(*found);
    }
    return family;
}

std::string mounted_at(const host_files& files, const std::string& number) {
    const std::string mounts = files.text("/proc/self/mountinfo").value_or("");
    for (const std::string_view line : io::topology::split(mounts, '\n')) {
        const auto fields = io::topology::split(line, ' ');
        if (fields.size() > 4 && fields[2] == number) return std::string(fields[4]);
    }
    return {};
}

bool is_swap(const host_files& files, const std::string& name) {
    const std::string swaps = files.text("/proc/swaps").value_or("");
    for (const std::string_view line : io::topology::split(swaps, '\n'))
        if (line.starts_with("/dev/" + name + " ") || line.starts_with("/dev/" + name + "\t"))
            return true;
    return false;
}

std::string describe_user(const host_files& files, dev_t number, const std::string& path) {
    const std::string user = device_user(files, number);
    return path +
           (user.empty() ? " is in use (opened by a program, or by the kernel)"
                         : " is in use: " + user) +
           "; a raw device is copied only while nothing else uses it";
}

problem describe_open_device(int number, dev_t device, const std::string& path, device_use use) {
    if (number == EBUSY)
        return {reason::device_forbidden, describe_user(host_files(), device, path)};
    return use == device_use::source ? describe_open_source(number, path)
                                     : describe_output(number, path);
}

}  // namespace

std::optional<found_device> find_device(const std::string& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0 || !S_ISBLK(status.st_mode)) return std::nullopt;
    const auto sectors =
        host_files().integer("/sys/dev/block/" + number_text(status.st_rdev) + "/size");
    return found_device{
        .number = status.st_rdev,
        .size_bytes = static_cast<std::uint64_t>(sectors.value_or(0)) * sector_bytes};
}

problem objection_to_device(const std::string& path, const found_device& device, device_use use,
                            const device_rules& rules) {
    if (!rules.taken)
        return {reason::source_not_regular, path + " is a device, not a regular file"};
    if (!rules.refusal.empty()) return {reason::device_forbidden, path + ": " + rules.refusal};
    const std::string serial = device_serial(host_files(), device.number);
    const bool listed = std::ranges::any_of(rules.listed, [&](const std::string& entry) {
        return (!serial.empty() && entry == serial) || is_device(entry, device.number);
    });
    if (!rules.any && !listed)
        return {reason::device_forbidden,
                path + " is none of the block devices that this server may copy (p2p.devices)"};
    if (use == device_use::target && !rules.force_target)
        return {reason::device_forbidden,
                path + " is a block device" +
                    (serial.empty() ? std::string() : " (serial " + serial + ")") +
                    ": all that it holds would be lost; --force-device overwrites it"};
    return {};
}

opened_device open_device(const std::string& path, device_use use, const device_rules& rules) {
    const std::optional<found_device> found = find_device(path);
    if (!found)
        return {.error = {reason::source_not_regular, path + " is no block device any more"}};
    if (problem objection = objection_to_device(path, *found, use, rules))
        return {.error = std::move(objection)};

    opened_device opened;
    const int access = use == device_use::source ? O_RDONLY : O_RDWR;
    opened.fd = io::unique_fd(::open(path.c_str(), access | O_EXCL | O_DIRECT | O_CLOEXEC));
    if (!opened.fd) return {.error = describe_open_device(errno, found->number, path, use)};
    struct stat status{};
    std::uint64_t size_bytes = 0;
    if (::fstat(opened.fd.get(), &status) != 0 ||
        ::ioctl(opened.fd.get(), BLKGETSIZE64, &size_bytes) != 0)
        return {.error = describe_open_device(errno, found->number, path, use)};
    if (!S_ISBLK(status.st_mode) || status.st_rdev != found->number)
        return {.error = {reason::source_changed, path + " became another device meanwhile"}};
    opened.snapshot = {.device = status.st_dev, .inode = status.st_ino, .size_bytes = size_bytes};
    opened.serial = device_serial(host_files(), found->number);
    return opened;
}

std::string device_user(const host_files& files, dev_t number) {
    for (const std::string& member : family_of(files, number)) {
        const std::string at = "/sys/dev/block/" + member;
        const std::string name = files.link_name(at).value_or(member);
        std::string who = member == number_text(number) ? "" : name + " ";
        if (const std::string point = mounted_at(files, member); !point.empty())
            return who.append("mounted at ").append(point);
        if (const auto holders = files.names(at + "/holders"); !holders.empty())
            return who.append("held by ").append(holders.front());
        if (is_swap(files, name)) return who.append("used as swap");
    }
    return {};
}

std::string device_serial(const host_files& files, dev_t number) {
    const auto device = io::topology::find_block_device(files, number);
    if (!device) return {};
    for (const io::topology::nvme_controller& controller :
         io::topology::read_nvme_controllers(files))
        for (const io::topology::nvme_namespace& space : controller.namespaces)
            if (space.disk == device->disk) return controller.serial;
    return {};
}

}  // namespace peerpress::jobs
