// One inflate request on one thread: our own decoder decodes, and zlib has the last word on
// whatever it refuses.
#pragma once

#include "accel/accelerator.hpp"
#include "accel/software/workbench.hpp"

namespace peerpress::accel::software {

// Fails with codec_errc. Throws bad_alloc.
result<inflated> inflate_chunk(workbench& bench, const inflate_request& request);

}  // namespace peerpress::accel::software
