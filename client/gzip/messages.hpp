// What `peerpress gzip` says, in gzip's words where gzip has any: pure functions.
#pragma once

#include "client/gzip/gzip_grammar.hpp"
#include "jobs/job_spec.hpp"
#include "pipeline/transfer.hpp"

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>

namespace peerpress::client::gzip {

inline constexpr const char* prefix = "peerpress gzip: ";

// gzip knows three exit codes; every other error is its 1.
int exit_code(const jobs::problem& problem);

// "d is a directory -- ignored". Of `file`, source and destination are looked at.
std::string message(const jobs::problem& problem, const jobs::file_result& file,
                    const gzip_request& request);

// "a:\t 66.1% -- replaced with a.gz".
std::string done_line(const jobs::file_result& file, const gzip_request& request);

// "66.1%": what compression saved.
std::string saved_text(std::uint64_t plain, std::uint64_t compressed);

struct list_row {
    std::string name;  // of the uncompressed file
    std::uint64_t compressed_bytes = 0;
    std::uint64_t data_bytes = 0;
    std::uint32_t crc32 = 0xFFFFFFFF;
    std::tm time{};
};
std::string list_header(bool verbose);
std::string list_line(const list_row& row, bool verbose);
std::string list_totals(std::uint64_t compressed_bytes, std::uint64_t data_bytes, bool verbose);

}  // namespace peerpress::client::gzip
