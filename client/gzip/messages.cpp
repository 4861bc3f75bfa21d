#include "client/gzip/messages.hpp"

#include "client/printable.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace peerpress::client::gzip {
namespace {

using jobs::reason;

// Sizes and time of a list line; gzip's columns.
std::string columns(std::uint64_t compressed, std::uint64_t data) {
    return fmt::format("{:>19} {:>19} {:>6}", compressed, data, saved_text(data, compressed));
}

std::string shown_source(const jobs::file_result& file) {
    return file.source == "-" ? "stdin" : printable(file.source);
}

}  // namespace

int exit_code(const jobs::problem& problem) {
    // gzip finds nothing wrong with a file that is compressed already.
    if (problem.reason == reason::source_has_suffix) return 0;
    const int code = jobs::exit_code(problem.reason);
    return code <= 2 ? code : 1;
}

std::string message(const jobs::problem& problem, const jobs::file_result& file,
                    const gzip_request& request) {
    const std::string name = shown_source(file);
    switch (problem.reason) {
        case reason::source_is_directory:
            return name + " is a directory -- ignored";
        case reason::source_not_regular:
            return name + " is not a directory or a regular file - ignored";
        case reason::source_is_symlink:
            return name + ": Too many levels of symbolic links";
        case reason::source_has_suffix:
            return fmt::format("{} already has {} suffix -- unchanged", name,
                               printable(request.suffix));
        case reason::source_lacks_suffix:
            return name + ": unknown suffix -- ignored";
        case reason::unknown_format:
            return name + ": not in gzip format";
        case reason::output_exists:
            return printable(file.destination) + " already exists; not overwritten";
        case reason::trailing_garbage:
            return name + ": decompression OK, trailing garbage ignored";
        default:
            return printable(problem.message);
    }
}

std::string saved_text(std::uint64_t plain, std::uint64_t compressed) {
    if (plain == 0) return "0.0%";
    const double saved = static_cast<double>(plain) - static_cast<double>(compressed);
    return fmt::format("{:.1f}%", 100 * saved / static_cast<double>(plain));
}

std::string done_line(const jobs::file_result& file, const gzip_request& request) {
    const std::string name = shown_source(file);
    if (request.action == action::test) return name + ":\t OK";
    const bool compresses = request.action == action::compress;
    const std::uint64_t plain = compresses ? file.bytes_in : file.bytes_out;
    const std::uint64_t compressed = compresses ? file.bytes_out : file.bytes_in;
    const std::string saved = fmt::format("{:>6}", saved_text(plain, compressed));
    if (file.source == "-") return saved;
    if (file.destination == "-") return fmt::format("{}:\t{} -- replaced with stdout", name, saved);
    return fmt::format("{}:\t{} -- {} {}", name, saved, request.keep ? "created" : "replaced with",
                       printable(file.destination));
}

std::string list_header(bool verbose) {
    const std::string details = verbose ? "method  crc     date  time  " : "";
    return details +
           fmt::format("{:>19} {:>19}  ratio uncompressed_name", "compressed", "uncompressed");
}

std::string list_line(const list_row& row, bool verbose) {
    std::string details;
    if (verbose) details = fmt::format("defla {:08x} {:%b %e %H:%M} ", row.crc32, row.time);
    return details + columns(row.compressed_bytes, row.data_bytes) + " " + printable(row.name);
}

std::string list_totals(std::uint64_t compressed_bytes, std::uint64_t data_bytes, bool verbose) {
    return std::string(verbose ? 28 : 0, ' ') + columns(compressed_bytes, data_bytes) + " (totals)";
}

}  // namespace peerpress::client::gzip
