#pragma once

#include <cstddef>
#include <span>

namespace peerpress {

using bytes_view = std::span<const std::byte>;  // read only
using bytes_span = std::span<std::byte>;        // writable

}  // namespace peerpress
