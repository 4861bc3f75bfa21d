// Verification of what a transfer has made, which may be less lenient than of what somebody gave
// us (transfer.hpp has that).
#pragma once

#include "pipeline/transfer.hpp"

#include <optional>

namespace peerpress::pipeline {

// verify_full() of an output: nothing but members is in it. Whatever follows the last one, which
// gzip would warn of and pass over, is a mismatch.
awaitable<> verify_output(route route, io::storage& compressed,
                          std::optional<pipeline::container> container);

}  // namespace peerpress::pipeline
