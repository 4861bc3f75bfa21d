// Runs one job: walks its sources, opens, transfers, commits, reports. The same code serves the
// command line in process and the server.
//
// Commit protocol: each file is transferred and, where asked, verified; then, per group of files:
// metadata, source unchanged -> data fsync (many in flight) -> on_prepared -> link or rename to the
// final name -> fsync of each directory once -> removal of sources, where asked -> on_finished. A
// destination is absent, untouched, or complete at every moment.
#pragma once

#include "jobs/access.hpp"
#include "jobs/acting.hpp"
#include "jobs/device_rules.hpp"
#include "jobs/job_spec.hpp"
#include "jobs/output_registry.hpp"
#include "jobs/steps.hpp"
#include "pipeline/lane.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace peerpress::jobs {

class opener;
class path_planner;
struct opener_options;

// A file whose data are durable under a temporary name, about to get its own.
struct prepared_file {
    std::string source;
    std::string destination;
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint32_t crc32 = 0;
};

// What a job tells its owner; called on the lane's executor, and waited for: a slow observer slows
// the job, it does not make it grow.
class job_observer {
public:
    virtual ~job_observer() = default;
    virtual awaitable<> on_prepared(const std::vector<prepared_file>& files) = 0;
    // Files that came to their end: committed, failed or skipped, in the order in which they did.
    virtual awaitable<> on_finished(const std::vector<file_result>& files) = 0;
};

// What an earlier run of the same job left behind, so that a restarted job neither repeats nor
// refuses it.
struct job_history {
    // Told to on_finished by an earlier run. Called on the lane's executor, must be quick.
    std::function<bool(const std::string& source)> finished = [](const std::string&) {
        return false;
    };
    // Told to on_prepared, never to on_finished. nullopt: not seen before.
    std::function<std::optional<prepared_file>(const std::string& source)> prepared =
        [](const std::string&) { return std::nullopt; };
    // All of the above, which also names those whose source is gone by now (remove_sources) and
    // which no walk would find again.
    std::vector<prepared_file> unfinished = {};
    // How the files went of which `finished` knows; the outcome counts them in.
    std::uint64_t files_done = 0;
    std::uint64_t files_failed = 0;
};

// Who changes the bytes of a file: this process's pipeline, or a server on its behalf (a client
// that shares no file system with it), while walking, committing and verifying stay here.
struct transfer_functions {
    std::function<awaitable<pipeline::transfer_report>(pipeline::route, pipeline::compress_options)>
        compress = pipeline::compress;
    std::function<awaitable<pipeline::transfer_report>(pipeline::route,
                                                       pipeline::decompress_options)>
        decompress = pipeline::decompress;
};

struct job_context {
    pipeline::lane& lane;
    job_observer& observer;
    job_progress& progress;
    std::stop_token stop;
    std::shared_ptr<output_registry> outputs;
    job_history history = {};
    bool carry_metadata = true;  // mode, times, ACLs, xattrs, owner
    bool durable = true;         // fsync data and directories; gzip's grammar does not promise it
    transfer_functions transfer = {};
    std::string name = "job";  // in the hidden names of temporaries
    // An earlier run may have been killed: its temporaries are removed from the outputs'
    // directories.
    bool resumed = false;
    step_hook on_step = {};  // for tests
    // Whose rights on files the job has; empty: this process's own.
    rights_source act_for = {};
    std::vector<std::string> out_of_bounds = {};
    access_hook on_access = {};
    // Empty: this process opens, names and removes files itself.
    std::function<std::unique_ptr<opener>(opener_options)> make_opener = {};
    // nullptr: nothing goes from peer to peer, and no device compresses.
    path_planner* planner = nullptr;
    // Chunks that a device compressed: one in so many is compared in full.
    std::uint32_t device_sample_every = 1000;
    device_rules devices = {};  // which raw devices may be copied; the job's own part is filled in
};

// Runs on the lane's executor. Never throws for what a file can do wrong: that is in its
// file_result and in the outcome; throws what the observer throws. SUCCEEDED: every file done.
// PARTIAL: some failed. FAILED: none done. CANCELLED: stop was asked for; the files committed until
// then stay.
awaitable<job_outcome> run_job(job_spec spec, job_context context);

}  // namespace peerpress::jobs
