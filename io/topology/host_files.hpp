// What the kernel tells of the machine in files (/sys, /proc, /boot), below a root directory, so
// that a recorded tree can stand in for a machine.
//
// Reading never throws and never blocks: what is missing, unreadable or odd is not there. Callers
// say what they make of that; where a wrong guess would claim peer to peer, it must become
// "unknown".
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peerpress::io::topology {

class host_files {
public:
    explicit host_files(std::filesystem::path root = "/") : root_(std::move(root)) {}

    // Paths are absolute as the machine sees them: "/sys/class/nvme".
    bool exists(std::string_view path) const;
    std::optional<std::string> text(
        std::string_view path) const;  // at most content_bytes_max of it
    std::optional<std::string> line(std::string_view path) const;  // the first line, blanks trimmed
    std::optional<std::int64_t> integer(
        std::string_view path) const;  // decimal, or hexadecimal after 0x
    std::optional<std::string> link(std::string_view path) const;  // where a symbolic link points
    std::optional<std::string> link_name(
        std::string_view path) const;                             // the last component of that
    std::vector<std::string> names(std::string_view path) const;  // a directory's entries, sorted

    // Whether this process may open the file for reading and writing.
    bool may_write(std::string_view path) const;

    // The longest file read is mountinfo: 4 MiB are some 30,000 mounts.
    static constexpr std::size_t content_bytes_max = 4 << 20;

private:
    std::filesystem::path at(std::string_view path) const;

    std::filesystem::path root_;
};

std::string_view trimmed(std::string_view text);
std::optional<std::int64_t> parse_integer(std::string_view text);
// The pieces of `text` between separators, empty ones left out.
std::vector<std::string_view> split(std::string_view text, char separator);

}  // namespace peerpress::io::topology
