// A program's own buffers as gzip: compressed by software, or by a device where one is given.
//
// The data lie in the host's memory, so that a processor carries them to a device and back: that
// spares it the codec, not the copying, and loads from a device are slow. Files are the better way.
#pragma once

#include "io/bytes.hpp"
#include "pipeline/device_transfer.hpp"
#include "pipeline/lane.hpp"

#include <cstddef>
#include <vector>

namespace peerpress::pipeline {

struct buffer_options {
    int level = 1;
    // Does what it can; software does the rest. Outlives the call.
    const device_site* device = nullptr;
};

// Gzip members that any gunzip reads. `flow` is of lane.staging(); `data` is borrowed. On the lane.
awaitable<std::vector<std::byte>> compress_buffer(lane& on, io::flow_id flow, bytes_view data,
                                                  buffer_options options = {});

// The data of gzip members. Throws format_error; output_limit beyond `data_bytes_max`.
awaitable<std::vector<std::byte>> decompress_buffer(lane& on, io::flow_id flow, bytes_view gzip,
                                                    std::uint64_t data_bytes_max);

}  // namespace peerpress::pipeline
