// One line that says how far a job is: a pure function of a sample and a width.
#pragma once

#include "jobs/path_tally.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace peerpress::client {

struct progress_sample {
    std::uint64_t bytes_in = 0;     // of the sources, done
    std::uint64_t bytes_total = 0;  // of the sources; 0: not known (a pipe), or nothing found yet
    std::uint64_t bytes_out = 0;
    std::uint64_t files_total = 0;
    std::uint64_t files_done = 0;
    std::uint64_t files_failed = 0;
    bool scanning = false;  // totals still grow
    double bytes_per_second = 0;
    double elapsed_seconds = 0;
    std::vector<jobs::path_bytes> paths = {};  // of copies: which way the bytes went so far
};

// Seconds left; nullopt while the total grows or nothing moves.
std::optional<double> eta_seconds(const progress_sample& sample);

// "42%  1.23 GB of 2.92 GB  812 MB/s  3.42:1  ETA 0:02  3/7 files". Never longer than `width`
// columns: the parts that matter least go first.
std::string progress_line(const progress_sample& sample, bool compressing, unsigned width);

}  // namespace peerpress::client
