#include "client/gzip/original_name.hpp"

#include "io/unique_fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>

namespace peerpress::client::gzip {
namespace {

constexpr std::size_t fixed_header_bytes = 10;
constexpr std::uint8_t flag_extra = 4;
constexpr std::uint8_t flag_name = 8;

}  // namespace

std::optional<original_name> parse_original_name(bytes_view head) {
    const auto byte = [head](std::size_t i) { return static_cast<std::uint8_t>(head[i]); };
    if (head.size() < fixed_header_bytes || byte(0) != 0x1f || byte(1) != 0x8b) return std::nullopt;
    original_name found;
    for (int i = 3; i >= 0; --i)
        found.time_s = found.time_s << 8 | byte(4 + static_cast<std::size_t>(i));
    const std::uint8_t flags = byte(3);
    std::size_t at = fixed_header_bytes;
    if ((flags & flag_extra) != 0) {
        if (head.size() < at + 2) return std::nullopt;
        at += 2u + byte(at) + (byte(at + 1) << 8);
    }
    if ((flags & flag_name) == 0) return found;
    for (;; ++at) {
        if (at >= head.size()) return std::nullopt;
        if (byte(at) == 0) break;
        found.name += static_cast<char>(byte(at));
    }
    // A name must not lead elsewhere: gzip, too, takes what follows the last slash.
    found.name.erase(0, found.name.rfind('/') + 1);
    if (found.name == "." || found.name == "..") found.name.clear();
    return found;
}

original_name read_original_name(const std::string& file) {
    const io::unique_fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    if (!fd) return {};
    std::array<std::byte, 70 * 1024> head;  // the longest extra field and then a name
    const ssize_t bytes = ::read(fd.get(), head.data(), head.size());
    if (bytes <= 0) return {};
    return parse_original_name(bytes_view(head).first(static_cast<std::size_t>(bytes)))
        .value_or(original_name{});
}

}  // namespace peerpress::client::gzip
