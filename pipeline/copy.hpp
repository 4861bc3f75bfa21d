// read -> write: one storage into another through staging slots, without an engine. With slots in a
// device's memory the bytes go from peer to peer: no processor loads from such a slot, and none
// stores into it, except for the pattern that stands in for skipped reads.
//
// Several movers (depth) take chunks in turn, each with a slot of its own from read to write.
// Chunks are read and written in place at their offsets, so none waits for another. The last block
// of a file is written whole and the target truncated afterwards; where that will not do (a device
// as target, or target blocks larger than the source's), the last partial block takes the way
// through host memory and is counted.
#pragma once

#include "io/extents.hpp"
#include "io/staging.hpp"
#include "io/storage.hpp"
#include "pipeline/latency_histogram.hpp"
#include "pipeline/transfer.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <vector>

namespace peerpress::pipeline {

// Where a copy runs. All of it outlives the copy.
struct copy_route {
    pipeline::lane& lane;
    io::staging_pool& staging;      // made and destroyed on the lane; maybe not its own
    io::flow_id flow;               // opened by the caller on `staging`
    io::storage& source;            // not looked at where options.read is false
    io::storage* target = nullptr;  // may be null where options.write is false
    std::stop_token stop;  // asked for between steps; the copy then ends with operation_aborted
    transfer_progress& progress;
};

struct copy_options {
    std::uint32_t chunk_bytes = 0;  // a multiple of both block sizes; 0: a whole slot
    std::uint32_t depth = 0;        // chunks under way at once; 0: as many as there are slots

    // Multiples of the blocks they are offsets of.
    std::uint64_t source_offset_bytes = 0;
    std::uint64_t target_offset_bytes = 0;
    std::optional<std::uint64_t> length_bytes{};  // nothing: up to the source's end

    // Of a source of known length: where it holds zeros that are neither read nor written, in order
    // and apart, each from whole block to whole block of both sides or to the end. The target has
    // none of its own there: a new file. Not for measuring, nor with offsets.
    std::vector<io::byte_range> holes{};

    // For measuring. Without the one, slots are filled once with a pattern and written again and
    // again; without the other, what is read is forgotten.
    bool read = true;
    bool write = true;
    bool overlap = false;  // every chunk lies where the first one does
    // Stop after so many chunks, or after so long, whichever comes first; until then begin again
    // where the length ends. Neither: once over the length.
    std::optional<std::uint64_t> chunks{};
    std::optional<std::chrono::nanoseconds> repeat_for{};
    bool latencies = false;
};

struct copy_report {
    std::uint64_t bytes_read = 0;
    std::uint64_t bytes_written = 0;
    // Of those written: the part of a last block that went through host memory instead of a slot.
    std::uint64_t bytes_bounced = 0;
    std::uint64_t chunks = 0;
    std::chrono::nanoseconds took{};
    std::optional<latency_summary> reads{}, writes{};  // where asked for
};

// The target is left truncated to its exact size (a device's size is what it is), not synced. On
// any exception everything submitted has completed and every slot is back; what the target holds
// then is worthless. Throws system_error:
//   invalid_argument         options that do not fit slots, blocks or each other
//   result_out_of_range      the source ends before the length does
//   no_space_on_device       a target of fixed size ends before the length does
//   operation_not_supported  slots are on a device, and source or target is not direct
//   format_errc::source_changed  the source became shorter
awaitable<copy_report> copy(copy_route route, copy_options options);

// The CRC-32 of a part of a storage, as gzip and zlib compute it over the bytes in their order. Two
// storages with the same bytes in another order have different ones.
struct storage_checksum {
    std::uint32_t crc32 = 0;
    std::uint64_t bytes = 0;
    friend bool operator==(const storage_checksum&, const storage_checksum&) = default;
};

// Of route.source, by way of host memory: route.staging is not on a device (invalid_argument).
// Throws result_out_of_range where the source ends before the length does.
awaitable<storage_checksum> checksum(copy_route route, std::uint64_t offset_bytes,
                                     std::optional<std::uint64_t> length_bytes = {});

}  // namespace peerpress::pipeline
