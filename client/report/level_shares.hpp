// Which levels data were compressed at, where nobody named one.
#pragma once

#include "pipeline/transfer.hpp"

#include <string>
#include <vector>

namespace peerpress::client {

// "level 4", "levels 1 (3 %), 4 (97 %)"; empty where there is none.
std::string level_shares(const std::vector<pipeline::level_bytes>& levels);

}  // namespace peerpress::client
