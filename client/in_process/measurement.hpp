// Measuring how fast bytes go between two ends, and which way: the copy path without a job around
// it. A target that is a file has no name and is gone afterwards; a block device is written in
// place.
#pragma once

#include "client/in_process/in_process.hpp"
#include "client/request.hpp"
#include "pipeline/copy.hpp"

#include <optional>
#include <string>
#include <vector>

namespace peerpress::client {

struct measured_end {
    std::string path;
    std::string kind;    // "block device", "file", "temporary file"; "unused"
    std::string device;  // "nvme0n1, nvme0 (0000:01:00.0)"; empty where it is not known
    std::uint64_t size_bytes = 0;
};

struct measured_run {
    std::string staging;  // "p2pmem of nvme2 (0000:03:00.0)", "4 KiB pages"
    std::uint32_t chunk_bytes = 0;
    std::uint32_t depth = 0;
    pipeline::copy_report report;
    std::vector<jobs::path_bytes> paths;
    double seconds = 0;
    double cpu_seconds = 0;  // of this process, its work in the kernel included
    // Into host memory and out of it, for each byte moved: by DMA and by CPU, computed from the
    // paths.
    double host_bytes_per_byte = 0;
    bool verified = false;
};

struct measurement {
    jobs::problem error = {};
    measured_end source;
    measured_end target;
    std::vector<measured_run> runs;  // two with --legacy-compare: from peer to peer first
};

measurement measure(in_process& backend, const measure_request& request,
                    const interruption& interrupted);

}  // namespace peerpress::client
