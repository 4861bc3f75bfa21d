// What a job is asked to do, and what became of it: plain values, the same in process and through
// the server.
#pragma once

#include "jobs/path_tally.hpp"
#include "jobs/reason.hpp"
#include "pipeline/level_governor.hpp"
#include "pipeline/transfer.hpp"

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace peerpress::jobs {

enum class operation { compress, decompress, test, copy };
enum class verification {
    automatic,
    off,
    self,
    full
};  // automatic: full where sources are removed, else off

// May bytes take another way than from peer to peer?
enum class fallback { allow, forbid };

// Who compresses and decompresses. Automatic: a device where one reaches both ends, else software.
enum class engine_choice { automatic, noload, software };
std::string_view engine_name(engine_choice e);  // "auto"
std::optional<engine_choice> engine_from_name(std::string_view name);

// Which way bytes are to go.
struct path_wish {
    bool host_only = false;
    // PCI addresses or NVMe serial numbers of devices whose memory may be used; empty: any.
    std::vector<std::string> providers = {};
    jobs::fallback fallback = jobs::fallback::allow;

    bool operator==(const path_wish&) const = default;
};

std::string_view operation_name(operation o);  // "compress"
std::optional<operation> operation_from_name(std::string_view name);
std::string_view verification_name(verification v);  // "self"
std::optional<verification> verification_from_name(std::string_view name);

struct job_spec {
    jobs::operation operation = operation::compress;
    pipeline::container container = pipeline::container::gzip;
    bool container_given = false;  // decompressing: insist on `container` instead of looking
    int level = 1;
    // Instead of `level`: the densest that keeps up with `rate`, chosen chunk by chunk.
    bool level_auto = false;
    std::uint64_t rate = 0;  // bytes of plain data a second; 0: as fast as the storage is
    accel::codec codec = accel::codec::automatic;
    std::uint32_t member_bytes = 1 << 20;
    // Paths, bytes as the file system has them; absolute on the server.
    std::vector<std::string> sources;
    std::string destination;  // exact output path, for a single source file
    // Outputs mirror the sources' layout below it; else they lie beside their sources.
    std::string destination_dir;
    bool recursive = false;  // sources that are directories are walked; else source_is_directory
    bool overwrite = false;
    // A source that is a symlink; links met while walking are never followed.
    bool follow_symlinks = false;
    bool remove_sources = false;  // after verification and commit
    jobs::verification verification = verification::automatic;
    std::uint64_t output_bytes_max = ~std::uint64_t{0};  // per file, decompressing
    std::string suffix;                                  // instead of the container's own
    engine_choice engine = engine_choice::automatic;     // of all but copies
    path_wish via;
    // Copying only.
    std::uint32_t chunk_bytes = 0;  // 0: copy_chunk_bytes
    std::uint32_t depth = 0;        // chunks of a file under way at once; 0: copy_depth
    bool force_device = false;      // a destination that is a block device is written
    std::int32_t priority = 0;
    std::vector<std::pair<std::string, std::string>> labels;
};

struct file_result {
    std::string source;
    std::string destination;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint32_t crc32 = 0;  // of the plain data
    std::vector<path_bytes> paths;
    std::vector<pipeline::level_bytes> levels;  // compressed at levels that were not named
    problem error = {};                         // reason::none where the file is done
    std::vector<problem> warnings;              // done all the same
    // Not an error, nothing done: the name's suffix says so. In a tree silently, for a source that
    // was named with a warning (source_has_suffix, source_lacks_suffix).
    bool skipped = false;
};

// Was something lost, or passed over? Not everything worth saying is that.
bool is_warned(const file_result& file);

enum class job_state { queued, running, succeeded, failed, cancelling, cancelled, partial };
std::string_view job_state_name(job_state s);  // "QUEUED"
std::optional<job_state> job_state_from_name(std::string_view name);
bool is_terminal(job_state s);

struct job_outcome {
    job_state state = job_state::succeeded;
    problem error = {};   // the job's, or its only file's
    bool warned = false;  // some file was done or skipped with a warning
};

// Of the command line, for a whole job: 0, 2 where it warned, exit_partial, or its error's.
int exit_code(const job_outcome& outcome);

// Written by the lane, read by anyone at any time.
struct job_progress {
    pipeline::transfer_progress bytes;
    std::atomic<std::uint64_t> bytes_total{0};  // found so far
    std::atomic<std::uint64_t> files_total{0};
    std::atomic<std::uint64_t> files_done{0};
    std::atomic<std::uint64_t> files_failed{0};
    std::atomic<bool> scanning{true};
    // Files that could not be read or written directly.
    std::atomic<std::uint64_t> page_cache_files{0};
    path_tally paths;  // by the way bytes went; empty where all of them go through software
};

inline constexpr std::uint32_t member_bytes_min = 4096;

// 8 MiB under way keep an SSD busy; a command of 1 MiB is the largest that Linux builds of p2pmem.
inline constexpr std::uint32_t copy_chunk_bytes = 1 << 20;
inline constexpr std::uint32_t copy_depth = 8;
inline constexpr std::uint32_t copy_chunk_bytes_min = 4096;
inline constexpr std::uint32_t copy_chunk_bytes_max = 16 << 20;
inline constexpr std::uint32_t copy_depth_max = 256;

std::uint32_t chunk_bytes_of(const job_spec& spec);
std::uint32_t depth_of(const job_spec& spec);

// "auto" and "host" stand alone; anything else names devices. The problem is none where it is good.
std::pair<path_wish, problem> parse_via(const std::vector<std::string>& words);
std::vector<std::string> via_words(const path_wish& wish);  // none: auto

// How the levels of a job of this spec are chosen; nothing where it names one.
std::optional<pipeline::governor_options> governor_of(const job_spec& spec,
                                                      std::uint32_t parallelism);

// Is this spec one that can be run at all? Checks ranges and combinations, touches no file.
problem validate(const job_spec& spec);

}  // namespace peerpress::jobs
