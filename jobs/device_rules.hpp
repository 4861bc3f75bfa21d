// Which raw block devices a job may copy from and to, and opening them.
//
// A device is opened for nobody else: what is mounted, part of a volume or a swap area, or opened
// so by another, is refused, for reading too, since what is read of it would be no state it ever
// had. Blocking calls: made by the opener's threads.
#pragma once

#include "io/topology/host_files.hpp"
#include "io/unique_fd.hpp"
#include "jobs/reason.hpp"
#include "jobs/source.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace peerpress::jobs {

struct device_rules {
    bool taken = false;  // the operation can do something with a device: a copy
    bool any = false;    // whatever this process may open; else only those listed
    // Paths or NVMe serial numbers.
    std::vector<std::string> listed = {};
    bool force_target = false;
    std::string refusal = {};  // why none at all: "raw block devices are for root"
};

// The device behind a path, symbolic links (/dev/disk/by-id) followed; nullopt for anything else.
struct found_device {
    dev_t number = 0;
    std::uint64_t size_bytes = 0;
};
std::optional<found_device> find_device(const std::string& path);

enum class device_use { source, target };

// None where the rules let the device be used so.
problem objection_to_device(const std::string& path, const found_device& device, device_use use,
                            const device_rules& rules);

struct opened_device {
    problem error = {};
    io::unique_fd fd = {};
    source_snapshot snapshot = {};
    std::string serial = {};  // of the NVMe controller; empty: none, or not known
};

opened_device open_device(const std::string& path, device_use use, const device_rules& rules);

// What keeps a device from being opened for one alone: "mounted at /mnt/a", "held by dm-0", "used
// as swap"; of its partitions as well. Empty where nothing is found.
std::string device_user(const io::topology::host_files& files, dev_t number);

// Of the NVMe disk that the device is or is a part of; empty: none.
std::string device_serial(const io::topology::host_files& files, dev_t number);

}  // namespace peerpress::jobs
