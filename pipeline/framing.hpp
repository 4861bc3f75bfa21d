// One chunk of data as a piece of its container.
//
// In gzip and bgzf a piece is made of whole members, and pieces know nothing of each other. In
// plain, zlib and deflate all pieces make one stream: the first brings its header, each is
// compressed on its own and ends byte-aligned, and the last one's trailer holds the checksum of
// all, so it is added in order.
#pragma once

#include "pipeline/checksum.hpp"
#include "pipeline/chunk.hpp"
#include "pipeline/transfer.hpp"

#include <cstdint>

namespace peerpress::pipeline {

// How a container cuts its data.
struct framing {
    pipeline::container container = container::gzip;
    int level = 1;
    accel::codec codec = accel::codec::automatic;
    std::uint32_t chunk_bytes = 0;  // of data in one piece
    std::uint32_t block_bytes = 0;  // of data in one deflate request: chunk_bytes, or less in bgzf
};

// Throws system_error (invalid_argument) where the options are out of range or a chunk's piece may
// not fit into `room_bytes`.
framing make_framing(const compress_options& options, const accel::accelerator& engine,
                     std::uint32_t chunk_bytes_max, std::size_t room_bytes);

accel::checksum_kind checksum_kind_of(container c);

struct piece {
    std::size_t bytes = 0;       // at the front of the output
    std::uint32_t checksum = 0;  // of the chunk's data
    std::uint32_t members = 0;   // begun in it
};

awaitable<piece> make_piece(accel::accelerator& engine, io::flow_id flow, framing how,
                            chunk_plan chunk, bytes_view data, bytes_span output);

// Writes the trailer of a container that is one stream, and returns its length; 0 for the others.
std::size_t write_stream_trailer(container c, bytes_span at, const running_checksum& sum);

}  // namespace peerpress::pipeline
