// What a job is asked to do, and what became of it: plain values, the same in process and through the server.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "jobs/reason.hpp"
#include "pipeline/transfer.hpp"

namespace peerpress::jobs {

enum class operation { compress, decompress, test };
enum class verification { automatic, off, self, full };  // automatic: full where sources are removed, else off

struct job_spec {
    jobs::operation operation = operation::compress;
    pipeline::container container = pipeline::container::gzip;
    bool container_given = false;  // decompressing: insist on `container` instead of looking
    int level = 1;
    accel::codec codec = accel::codec::automatic;
    std::uint32_t member_bytes = 1 << 20;
    std::vector<std::string> sources;  // paths, bytes as the file system has them; absolute on the server
    std::string destination;           // exact output path, for a single source file
    std::string destination_dir;       // outputs mirror the sources' layout below it; else they lie beside the sources
    bool recursive = false;            // sources that are directories are walked; else source_is_directory
    bool overwrite = false;
    bool follow_symlinks = false;  // a source that is a symlink; links met while walking are never followed
    bool remove_sources = false;   // after verification and commit
    jobs::verification verification = verification::automatic;
    std::uint64_t output_bytes_max = ~std::uint64_t{0};  // per file, decompressing
    std::string suffix;            // instead of the container's own
    std::int32_t priority = 0;
    std::vector<std::pair<std::string, std::string>> labels;
};

enum class data_path { p2p, host, cpu };

struct path_bytes {
    jobs::data_path path = data_path::cpu;
    std::uint64_t bytes = 0;
    std::string device;  // the engine or provider: "software"
    std::string reason;  // why not p2p: "software engine"
};

struct file_result {
    std::string source;
    std::string destination;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint32_t crc32 = 0;  // of the plain data
    std::vector<path_bytes> paths;
    problem error;                  // reason::none where the file is done
    std::vector<problem> warnings;  // done all the same
    bool skipped = false;           // not an error, nothing done: source_has_suffix in a tree
};

enum class job_state { queued, running, succeeded, failed, cancelling, cancelled, partial };
std::string_view job_state_name(job_state s);  // "QUEUED"
bool is_terminal(job_state s);

struct job_outcome {
    job_state state = job_state::succeeded;
    problem error;  // the job's, or its only file's
};

// Written by the lane, read by anyone at any time.
struct job_progress {
    pipeline::transfer_progress bytes;
    std::atomic<std::uint64_t> bytes_total{0};  // found so far
    std::atomic<std::uint64_t> files_total{0};
    std::atomic<std::uint64_t> files_done{0};
    std::atomic<std::uint64_t> files_failed{0};
    std::atomic<bool> scanning{true};
    std::atomic<std::uint64_t> page_cache_files{0};  // files that could not be read or written directly
};

// Is this spec one that can be run at all? Checks ranges and combinations, touches no file.
problem validate(const job_spec& spec);

}  // namespace peerpress::jobs
