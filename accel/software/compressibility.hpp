// A look at a few KiB that tells whether a chunk may be incompressible.
#pragma once

#include "io/bytes.hpp"

namespace peerpress::accel::software {

// True where samples spread over the data have all byte values about equally often, as compressed
// and encrypted data do. A suspicion, not a verdict: repeated noise compresses well, and data
// between the samples go unseen.
bool looks_incompressible(bytes_view data);

}  // namespace peerpress::accel::software
