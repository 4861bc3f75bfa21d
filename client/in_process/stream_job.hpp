// One stream: standard input or a file, through the pipeline, to standard output, a file or
// nowhere. What has a name on both sides is a job (jobs/job_run.hpp); this is for what has not.
//
// A file that is written gets its name when it is complete and on disk, as a job's outputs do.
#pragma once

#include "io/unique_fd.hpp"
#include "jobs/job_run.hpp"
#include "jobs/output.hpp"
#include "jobs/source.hpp"
#include "pipeline/lane.hpp"
#include "pipeline/transfer.hpp"

#include <memory>
#include <optional>
#include <string>

namespace peerpress::client {

struct stream_request {
    jobs::operation operation = jobs::operation::compress;
    std::string source = "-";  // or a path
    std::string destination;   // "-", a path, or empty: nothing is written
    bool overwrite = false;
    bool follow_symlinks = false;
    bool copy_unrecognised = false;  // gzip -dcf: what is no gzip file passes through as it is
    pipeline::compress_options compress;
    std::optional<pipeline::governor_options> governor = {};  // nothing: compress.level
    pipeline::decompress_options decompress;

    const char* source_name() const { return source == "-" ? "stdin" : source.c_str(); }
};

// A job_spec's choices for a stream of its kind; source and destination are the caller's.
stream_request stream_of(const jobs::job_spec& spec);

// Opened ends. Destroyed before publish(), a file under way leaves nothing behind.
class stream_ends {
public:
    // Blocking. Leaves the ends empty where the answer is a problem.
    jobs::problem open(const stream_request& request,
                       std::shared_ptr<jobs::output_registry> outputs);

    // All data are written: makes a file durable and gives it its name.
    jobs::problem publish();

    std::optional<std::uint64_t> source_bytes() const;

    // On the lane's thread.
    std::unique_ptr<io::storage> source_storage(io::uring& ring);
    std::unique_ptr<io::storage> target_storage(io::uring& ring);  // nullptr: nothing is written

private:
    jobs::problem open_target(const stream_request& request,
                              std::shared_ptr<jobs::output_registry> outputs);

    io::unique_fd source_;
    bool source_standard_ = false;
    jobs::source_snapshot snapshot_;
    io::unique_fd target_;
    std::shared_ptr<jobs::directory> directory_;
    std::unique_ptr<jobs::pending_output> pending_;
};

struct stream_context {
    pipeline::lane& lane;
    stream_ends& ends;
    const jobs::transfer_functions& transfer;
    jobs::job_progress& progress;
    std::stop_token stop;
};

// What became of it; the error's reason says why not. Run on the lane's executor.
awaitable<jobs::file_result> run_stream(stream_request request, stream_context context,
                                        std::string device);

}  // namespace peerpress::client
