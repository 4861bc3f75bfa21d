#include "io/topology/mounts.hpp"

#include "io/topology/host_files.hpp"

#include <algorithm>

namespace peerpress::io::topology {

namespace {

bool is_octal(char c) {
    return c >= '0' && c <= '7';
}

// The kernel writes blanks, newlines and backslashes in names as \040 and the like.
std::string unescape(std::string_view text) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) &&
            is_octal(text[i + 2]) && is_octal(text[i + 3])) {
            plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                       (text[i + 3] - '0'));
            i += 3;
        } else {
            plain += text[i];
        }
    }
    return plain;
}

//  0  1  2   3    4         5          6...        then
// 36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
std::optional<mount> parse_line(std::string_view line) {
    const auto fields = split(line, ' ');
    constexpr std::size_t optional_fields_start = 6;
    if (fields.size() < optional_fields_start) return std::nullopt;
    const auto dash = std::find(fields.begin() + optional_fields_start, fields.end(), "-");
    const auto id = parse_integer(fields[0]);
    if (!id || *id < 0 || fields.end() - dash < 4) return std::nullopt;

    mount found;
    found.id = static_cast<std::uint64_t>(*id);
    found.device = fields[2];
    found.mount_point = unescape(fields[4]);
    found.type = unescape(dash[1]);
    found.source = unescape(dash[2]);
    found.options = dash[3];
    return found;
}

}  // namespace

bool mount::has_option(std::string_view option) const {
    const auto all = split(options, ',');
    return std::find(all.begin(), all.end(), option) != all.end();
}

bool mount::has_option_named(std::string_view name) const {
    const auto all = split(options, ',');
    return std::any_of(all.begin(), all.end(), [name](std::string_view option) {
        return option.substr(0, option.find('=')) == name;
    });
}

std::vector<mount> parse_mountinfo(std::string_view text) {
    std::vector<mount> mounts;
    for (const std::string_view line : split(text, '\n'))
        if (auto found = parse_line(line)) mounts.push_back(std::move(*found));
    return mounts;
}

}  // namespace peerpress::io::topology
