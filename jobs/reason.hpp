// Why something did not work, as a stable name that programs can rely on: in google.rpc.ErrorInfo,
// in JSON output, in the job store. Each maps to one exit code of the command line.
#pragma once

#include "io/asio.hpp"

#include <string>
#include <string_view>

namespace peerpress::jobs {

enum class reason {
    none,
    // sources
    source_not_found,
    source_unreadable,
    source_is_directory,
    source_not_regular,  // FIFO, device, socket
    source_is_symlink,
    source_is_output,  // source and destination are one file
    source_changed,
    source_has_suffix,    // compressing what already ends in .gz (skipped, as gzip does)
    source_lacks_suffix,  // decompressing a name without a known suffix and without a destination
    // destinations
    output_exists,
    output_busy,  // another job writes it
    output_unwritable,
    no_space,
    read_only,
    quota,
    file_too_large,
    // data
    corrupt_input,
    unknown_format,
    output_limit,
    checksum_mismatch,
    range_unsupported,
    // the way that bytes go
    p2p_unavailable,   // peer to peer was insisted on, and something stands against it
    device_forbidden,  // a raw device: not listed, in use, or not forced
    // requests
    invalid_argument,
    job_not_found,
    request_id_conflict,
    too_many_jobs,
    draining,
    permission_denied,
    cancelled,
    io_error,
    internal,
    // warnings (exit 2)
    trailing_garbage,
    metadata_lost,
    target_not_atomic,  // said of a block device that was written; no warning
};

std::string_view reason_name(reason r);          // "SOURCE_NOT_FOUND"
reason reason_from_name(std::string_view name);  // `internal` for names it does not know

// The exit code of a command that did nothing but this:
//   0  done
//   1  an error
//   2  a warning: what gzip passes over with a message (a directory, a suffix, an output that
//   exists),
//      and what was done with something lost (metadata, trailing garbage)
//   3  some files failed, others are done (a job's state, never one reason's)
//   4  no server took the work
//   5  the server does not permit it
int exit_code(reason r);
inline constexpr int exit_partial = 3;
inline constexpr int exit_no_server = 4;

// A reason with one line that names the thing and the way out.
struct problem {
    jobs::reason reason = reason::none;
    std::string message = {};
    explicit operator bool() const { return reason != reason::none; }
};

}  // namespace peerpress::jobs
