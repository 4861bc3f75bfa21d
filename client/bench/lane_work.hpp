// The measurements that run on a lane: a codec in memory, the disk alone, and both as a job.
//
// All of them leave the page cache alone, so that each meets the disk as the others do.
#pragma once

#include "client/bench/figures.hpp"
#include "io/storage.hpp"
#include "io/unique_fd.hpp"
#include "pipeline/lane.hpp"

#include <cstdint>
#include <stop_token>

namespace peerpress::client::bench {

// Chunks as a job cuts them.
inline constexpr std::uint32_t chunk_bytes = 1 << 20;

struct codec_rates {
    double per_core = 0;  // bytes for a second of CPU time
    double together = 0;  // bytes a second, all threads of the engine at work
    std::uint64_t bytes = 0;
    double ratio = 0;  // of deflate data alone
};

// Compresses every chunk of `source`, piles of which are read into memory beforehand: reading is
// not counted.
awaitable<codec_rates> measure_codec(pipeline::lane& lane, io::storage& source, int level,
                                     std::stop_token stop);

// Reads `source` to its end, writes as much to `target`, or does both.
enum class disk_use { read, write, copy };
awaitable<double> measure_disk(pipeline::lane& lane, io::storage& source, io::storage* target,
                               disk_use use, std::stop_token stop);

// Compresses `source` into `target`, which is on disk in the end.
awaitable<job_figures> measure_job(pipeline::lane& lane, io::storage& source, io::storage& target,
                                   int level, std::stop_token stop);

}  // namespace peerpress::client::bench
