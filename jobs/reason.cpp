#include "jobs/reason.hpp"

#include <array>

namespace peerpress::jobs {
namespace {

struct entry {
    jobs::reason reason;
    std::string_view name;
    int exit_code;
};

// In the order of the enumeration, which lets the enumerator be the index.
constexpr std::array table{
    entry{reason::none, "NONE", 0},
    entry{reason::source_not_found, "SOURCE_NOT_FOUND", 1},
    entry{reason::source_unreadable, "SOURCE_UNREADABLE", 1},
    entry{reason::source_is_directory, "SOURCE_IS_DIRECTORY", 2},
    entry{reason::source_not_regular, "SOURCE_NOT_REGULAR", 2},
    entry{reason::source_is_symlink, "SOURCE_IS_SYMLINK", 1},
    entry{reason::source_is_output, "SOURCE_IS_OUTPUT", 1},
    entry{reason::source_changed, "SOURCE_CHANGED", 1},
    entry{reason::source_has_suffix, "SOURCE_HAS_SUFFIX", 2},
    entry{reason::source_lacks_suffix, "SOURCE_LACKS_SUFFIX", 2},
    entry{reason::output_exists, "OUTPUT_EXISTS", 2},
    entry{reason::output_busy, "OUTPUT_BUSY", 1},
    entry{reason::output_unwritable, "OUTPUT_UNWRITABLE", 1},
    entry{reason::no_space, "NO_SPACE", 1},
    entry{reason::read_only, "READ_ONLY", 1},
    entry{reason::quota, "QUOTA", 1},
    entry{reason::file_too_large, "FILE_TOO_LARGE", 1},
    entry{reason::corrupt_input, "CORRUPT_INPUT", 1},
    entry{reason::unknown_format, "UNKNOWN_FORMAT", 1},
    entry{reason::output_limit, "OUTPUT_LIMIT", 1},
    entry{reason::checksum_mismatch, "CHECKSUM_MISMATCH", 1},
    entry{reason::range_unsupported, "RANGE_UNSUPPORTED", 1},
    entry{reason::p2p_unavailable, "P2P_UNAVAILABLE", 1},
    entry{reason::device_forbidden, "DEVICE_FORBIDDEN", 1},
    entry{reason::invalid_argument, "INVALID_ARGUMENT", 1},
    entry{reason::job_not_found, "JOB_NOT_FOUND", 1},
    entry{reason::request_id_conflict, "REQUEST_ID_CONFLICT", 1},
    entry{reason::too_many_jobs, "TOO_MANY_JOBS", 1},
    entry{reason::draining, "DRAINING", exit_no_server},
    entry{reason::permission_denied, "PERMISSION_DENIED", 5},
    entry{reason::cancelled, "CANCELLED", 1},
    entry{reason::io_error, "IO_ERROR", 1},
    entry{reason::internal, "INTERNAL", 1},
    entry{reason::trailing_garbage, "TRAILING_GARBAGE", 2},
    entry{reason::metadata_lost, "METADATA_LOST", 2},
    entry{reason::target_not_atomic, "TARGET_NOT_ATOMIC", 0},
};

constexpr bool in_order() {
    for (std::size_t index = 0; index < table.size(); ++index)
        if (table[index].reason != static_cast<reason>(index)) return false;
    return true;
}
static_assert(in_order());
static_assert(table.back().reason == reason::target_not_atomic, "every reason has its row");

const entry& row(reason r) {
    const auto index = static_cast<std::size_t>(r);
    return index < table.size() ? table[index] : row(reason::internal);
}

}  // namespace

std::string_view reason_name(reason r) {
    return row(r).name;
}

reason reason_from_name(std::string_view name) {
    for (const entry& candidate : table)
        if (candidate.name == name) return candidate.reason;
    return reason::internal;
}

int exit_code(reason r) {
    return row(r).exit_code;
}

}  // namespace peerpress::jobs
