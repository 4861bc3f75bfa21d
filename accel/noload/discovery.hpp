// Finds the NoLoad-like devices of a machine: NVMe controllers with memory for peers, one of whose
// namespaces at least is a core that takes our commands.
//
// Linux gives names in the order in which it finds devices, and another one at each boot: a device
// is known by its serial number and its address.
#pragma once

#include "accel/device_engine.hpp"
#include "accel/noload/device.hpp"
#include "io/nvme_passthrough.hpp"
#include "io/topology/machine.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace peerpress::accel::noload {

struct found_core {
    core_kind kind = core_kind::compress;
    std::uint32_t namespace_id = 0;
    std::string path;  // "/dev/ng2n1"
    // Of the file at `path`: a device that went and came back has other files, be it by the same
    // names.
    std::uint64_t inode = 0;

    bool operator==(const found_core&) const = default;
};

struct found_device {
    device_identity identity;
    std::string allocate_path;  // of its memory
    std::vector<found_core> cores;
};

// What a namespace's character device says of the namespace. Blocking.
struct identified_namespace {
    std::uint32_t namespace_id = 0;
    io::nvme_identify_data data{};
    std::uint64_t inode = 0;
};
using identify_namespace = std::function<result<identified_namespace>(const std::string& path)>;
result<identified_namespace> identify_by_ioctl(const std::string& path);

// Reads sysfs and asks each controller with memory for peers what it is. Namespaces that may not be
// opened are passed over. Blocking.
std::vector<found_device> find_devices(const io::topology::host_files& files,
                                       const io::topology::machine& in,
                                       const identify_namespace& identify = identify_by_ioctl);

// Whether these are still the files of the device that was found. Blocking, but quick.
bool still_there(const found_device& found);

// A quick look, for who would not read all of sysfs in vain: some controller has memory for peers.
bool may_have_devices(const io::topology::host_files& files);

// The most that the kernel passes to the namespace's disk in one command, and never more than 1
// MiB: a command's buffer has 256 pages.
std::size_t span_bytes_of(const io::topology::host_files& files, const std::string& disk);

// Opens the device's cores. On the lane; the ring outlives the device. Throws system_error. It has
// still to be admitted.
std::shared_ptr<device> open_device(io::uring& ring, const found_device& found,
                                    device_options options = {});

// How long a start waits for devices to be tested. What is well takes milliseconds.
constexpr std::chrono::milliseconds admission_patience{5'000};

// Tests devices side by side, and returns when each has been tested or patience ends: one that does
// not answer holds up nobody. It serves as soon as its test has passed after all. On the lane.
awaitable<> admit(const std::vector<std::shared_ptr<device>>& devices,
                  std::chrono::milliseconds patience = admission_patience);

// All of them that can be opened, admitted.
awaitable<device_engines> open_devices(io::uring& ring, std::vector<found_device> found,
                                       device_options options = {});

}  // namespace peerpress::accel::noload
