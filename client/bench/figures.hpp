// What a benchmark found, as plain values: measured once, printed in several ways.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace peerpress::client::bench {

// All rates are bytes a second, of plain data unless said otherwise.

struct machine_figures {
    std::string processor;
    std::uint32_t cores = 0;  // that the codecs use
    std::string kernel;
    std::string data;  // "256 MiB of dump.sql"
    std::uint64_t data_bytes = 0;
    std::string directory;    // whose disk is measured
    std::string file_system;  // "ext4"
};

// Without the page cache.
struct disk_figures {
    double read = 0;
    double write = 0;
    double copy = 0;  // read and written at the same time, each at this rate
};

// A whole job: from a file to a file that is on disk.
struct job_figures {
    double rate = 0;
    double cpu_seconds_per_gb = 0;
    double ratio = 0;
};

// The most that a job can reach, and what keeps it there: "codec", "read", "write", "read+write".
struct job_limit {
    double rate = 0;
    std::string by;
};

struct level_figures {
    int level = 0;
    std::string codec;        // "ISA-L 1"
    std::uint64_t bytes = 0;  // what each run of it compressed
    double per_core = 0;      // in memory: bytes for a second of CPU time
    double together = 0;      // in memory, on all cores at once
    job_figures job;
    job_limit limit;
};

struct peer_figures {
    std::string tool;  // "pigz"
    std::string command;
    int level = 0;
    job_figures job;
};

struct figures {
    machine_figures machine;
    disk_figures disk;
    std::vector<level_figures> levels;
    std::vector<peer_figures> peers;
};

// Reading and writing share a disk. Of each byte that is read 1/ratio is written: the time of a
// byte lies between that of one which is only read and that of one which is copied, in proportion.
job_limit limit_of(const disk_figures& disk, double codec_rate, double ratio);

}  // namespace peerpress::client::bench
