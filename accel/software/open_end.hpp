// Opens the end of a finished deflate stream, so that another may follow it.
//
// libdeflate can only finish streams, yet it is far ahead of zlib, which could flush: at level 6 it
// has twice the speed and the better ratio, and still has with the decoding that it takes to find
// the final block.
#pragma once

#include "accel/software/deflate_decoder.hpp"
#include "io/bytes.hpp"

namespace peerpress::accel::software {

// `buffer` holds a finished stream in its first `stream_bytes`. Clears its final block's mark and
// appends an empty stored block, which ends on a byte, as a full flush does. `scratch` must hold
// the stream's data. Returns the bytes there are then, or 0 where the buffer is too small.
std::size_t open_end(deflate_decoder& decoder, bytes_span buffer, std::size_t stream_bytes,
                     bytes_span scratch);

}  // namespace peerpress::accel::software
