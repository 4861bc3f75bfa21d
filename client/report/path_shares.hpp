// Which way bytes went, as people read it.
#pragma once

#include "jobs/path_tally.hpp"

#include <string>
#include <vector>

namespace peerpress::client {

// "p2p 100 % (nvme2 (0000:03:00.0))", "p2p 99.9 % (nvme2), cpu 0.1 %"; "cpu (software)" where all
// went through a software engine, which is the rule; empty where nothing went any way. It says
// 100 % of all bytes only.
std::string path_shares(const std::vector<jobs::path_bytes>& paths);

// The shares with the reason of each that is not p2p.
std::string path_reasons(const std::vector<jobs::path_bytes>& paths);

// Everything went through a software engine: then the way is no news.
bool is_all_software(const std::vector<jobs::path_bytes>& paths);

}  // namespace peerpress::client
