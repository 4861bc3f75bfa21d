#include "io/topology/host_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>

namespace peerpress::io::topology {

namespace fs = std::filesystem;

fs::path host_files::at(std::string_view path) const {
    while (path.starts_with('/')) path.remove_prefix(1);
    return root_ / path;
}

bool host_files::exists(std::string_view path) const {
    std::error_code ignored;
    return fs::exists(at(path), ignored);
}

std::optional<std::string> host_files::text(std::string_view path) const {
    // A FIFO left in a recorded tree would hang the reader.
    std::error_code ignored;
    if (!fs::is_regular_file(at(path), ignored)) return std::nullopt;
    std::ifstream file(at(path), std::ios::binary);
    if (!file) return std::nullopt;

    // The size that stat tells is meaningless in sysfs and procfs, so read to the end.
    std::string content;
    std::array<char, 16384> piece;
    while (file && content.size() < content_bytes_max) {
        file.read(piece.data(), piece.size());
        content.append(piece.data(), static_cast<std::size_t>(file.gcount()));
    }
    if (file.bad()) return std::nullopt;
    return content;
}

std::optional<std::string> host_files::line(std::string_view path) const {
    const auto content = text(path);
    if (!content) return std::nullopt;
    return std::string(trimmed(content->substr(0, content->find('\n'))));
}

std::optional<std::int64_t> host_files::integer(std::string_view path) const {
    const auto first = line(path);
    return first ? parse_integer(*first) : std::nullopt;
}

std::optional<std::string> host_files::link(std::string_view path) const {
    std::error_code error;
    const fs::path target = fs::read_symlink(at(path), error);
    if (error) return std::nullopt;
    return target.string();
}

std::optional<std::string> host_files::link_name(std::string_view path) const {
    const auto target = link(path);
    if (!target) return std::nullopt;
    return fs::path(*target).filename().string();
}

std::vector<std::string> host_files::names(std::string_view path) const {
    std::vector<std::string> found;
    std::error_code error;
    for (fs::directory_iterator entry(at(path), error), end; !error && entry != end;
         entry.increment(error))
        found.push_back(entry->path().filename().string());
    std::sort(found.begin(), found.end());
    return found;
}

bool host_files::may_write(std::string_view path) const {
    // With the effective ids, as open would.
    return ::faccessat(AT_FDCWD, at(path).c_str(), R_OK | W_OK, AT_EACCESS) == 0;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks{" \t\r\n\v\f\0", 7};
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
    const bool hexadecimal = text.starts_with("0x") || text.starts_with("0X");
    if (hexadecimal) text.remove_prefix(2);
    std::int64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stopped_at, error] =
        std::from_chars(text.data(), end, value, hexadecimal ? 16 : 10);
    if (error != std::errc{} || stopped_at != end) return std::nullopt;
    return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> pieces;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(separator), text.size());
        if (end > 0) pieces.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return pieces;
}

}  // namespace peerpress::io::topology
