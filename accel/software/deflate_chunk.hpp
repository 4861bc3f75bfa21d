// One deflate request on one thread: the level's codec, unless the data are better stored.
#pragma once

#include "accel/accelerator.hpp"
#include "accel/software/workbench.hpp"

namespace peerpress::accel::software {

enum class method { stored, isal, libdeflate, zlib };

struct deflate_outcome {
    accel::deflated deflated;
    software::method method = method::stored;  // what made the bytes
};

// Throws bad_alloc.
deflate_outcome deflate_chunk(workbench& bench, const deflate_request& request);

}  // namespace peerpress::accel::software
