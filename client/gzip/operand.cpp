#include "client/gzip/operand.hpp"

#include "client/printable.hpp"

#include <fmt/format.h>

#include <cerrno>

namespace peerpress::client::gzip {

std::optional<std::string> objection(const struct stat& status, const std::string& name,
                                     const gzip_request& request) {
    const bool replaces = !request.to_stdout && (request.action == action::compress ||
                                                 request.action == action::decompress);
    if (!replaces || !S_ISREG(status.st_mode)) return std::nullopt;
    const std::string shown = printable(name);
    if ((status.st_mode & S_ISUID) != 0) return shown + " is set-user-ID on execution - ignored";
    if ((status.st_mode & S_ISGID) != 0) return shown + " is set-group-ID on execution - ignored";
    if (request.force) return std::nullopt;
    if ((status.st_mode & S_ISVTX) != 0) return shown + " has the sticky bit set - file ignored";
    if (status.st_nlink > 1) {
        const auto others = status.st_nlink - 1;
        return fmt::format("{} has {} other link{} -- file ignored", shown, others,
                           others == 1 ? "" : "s");
    }
    return std::nullopt;
}

std::string operand_file(const std::string& operand, const gzip_request& request) {
    if (request.action == action::compress || operand == "-") return operand;
    struct stat status{};
    if (::lstat(operand.c_str(), &status) == 0 || errno != ENOENT) return operand;
    // gzip's order, less the formats we do not read.
    for (const std::string& suffix :
         {request.suffix, std::string(".gz"), std::string(".z"), std::string("-z")}) {
        if (::lstat((operand + suffix).c_str(), &status) == 0) return operand + suffix;
    }
    return operand + request.suffix;
}

}  // namespace peerpress::client::gzip
