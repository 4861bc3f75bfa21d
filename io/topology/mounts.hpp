// The file systems that this process sees, from /proc/self/mountinfo.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peerpress::io::topology {

struct mount {
    std::uint64_t id = 0;
    std::string device;  // its number: "259:1"
    std::string mount_point;
    std::string type;     // "ext4"
    std::string source;   // "/dev/nvme0n1p1"
    std::string options;  // the file system's own, comma separated: "rw,data=journal"

    bool has_option(std::string_view option) const;      // "data=journal"
    bool has_option_named(std::string_view name) const;  // "rtdev"
};

// Lines that are not as proc(5) describes them are left out.
std::vector<mount> parse_mountinfo(std::string_view text);

}  // namespace peerpress::io::topology
