// read -> compress -> write, and back: one transfer moves one storage into another through an
// engine. All of it runs on the lane's executor.
#pragma once

#include "io/storage.hpp"
#include "pipeline/format.hpp"
#include "pipeline/lane.hpp"

#include <atomic>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace peerpress::pipeline {

// Written by the lane, read by anyone at any time.
struct transfer_progress {
    std::atomic<std::uint64_t> bytes_in{0};   // of the source, done
    std::atomic<std::uint64_t> bytes_out{0};  // of the target, written
};

// Where a transfer runs. All of it outlives the transfer.
struct route {
    pipeline::lane& lane;
    io::flow_id flow;  // opened by the caller on lane.staging()
    io::storage& source;
    io::storage* target = nullptr;  // nullptr: decode and check only
    std::stop_token stop;  // asked for between steps; the transfer then ends with operation_aborted
    transfer_progress& progress;
};

class level_governor;

struct compress_options {
    pipeline::container container = container::gzip;
    int level = 1;  // 1 to 12
    // Chooses each chunk's level instead, where there is one. Outlives the transfer.
    level_governor* governor = nullptr;
    accel::codec codec = accel::codec::automatic;
    std::uint32_t member_bytes = 1 << 20;  // 4096 to staging input_bytes; fixed 65280 for bgzf
};

struct decompress_options {
    std::optional<pipeline::container>
        container{};  // nullopt: told from the first bytes (not deflate)
    std::uint64_t output_bytes_max = ~std::uint64_t{0};  // beyond it: format_errc::output_limit
    // A part of the data (needs member sizes, else range_unsupported). Clipped at the end of the
    // data.
    struct byte_range {
        std::uint64_t offset_bytes = 0;
        std::uint64_t length_bytes = 0;
    };
    std::optional<byte_range> range{};
};

// How much of the plain data was compressed at a level.
struct level_bytes {
    int level = 0;
    std::uint64_t bytes = 0;
    friend bool operator==(const level_bytes&, const level_bytes&) = default;
};

struct transfer_report {
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out =
        0;                    // of plain data when decompressing, of the container when compressing
    std::uint32_t crc32 = 0;  // of the plain data (gzip containers; the Adler-32 for zlib)
    std::uint64_t members = 0;
    // Decompressing: bytes after the last member that are no member. GNU gzip warns (exit 2) unless
    // all are zero.
    std::uint64_t trailing_garbage_bytes = 0;
    bool serial = false;       // decoded (from some member on) as one stream
    std::string convention{};  // decompressing: whose members they are, as in listing
    // Compressing with a governor: the levels taken, the lowest first.
    std::vector<level_bytes> levels{};
};

// The target is left truncated to its exact size, not synced. On any exception everything submitted
// has completed and every slot is back; what the target holds then is worthless.
awaitable<transfer_report> compress(route route, compress_options options);
awaitable<transfer_report> decompress(route route, decompress_options options);

// Reads `target` (compressed) and `source` (plain) again and compares every byte; both through
// route's lane, route.target is not used. Throws format_error(mismatch).
awaitable<> verify_full(route route, io::storage& compressed, std::optional<container> container);

// One member of a compressed file, for `list`.
struct member_entry {
    std::uint64_t offset_bytes = 0;
    std::uint64_t member_bytes = 0;
    std::uint64_t data_bytes = 0;
    std::uint32_t crc32 = 0;  // of the data
};
struct listing {
    std::string convention{};  // "MiGz", "BGZF", "QATzip", "pgzip", "gzip", "zlib", "deflate"
    std::uint64_t members = 0;
    std::uint64_t compressed_bytes = 0;
    std::uint64_t data_bytes =
        0;  // from the members' length fields where every member has one, else decoded
    bool from_index = false;  // not decoded: length fields only
};
awaitable<listing> list(route route);

}  // namespace peerpress::pipeline
