// Other compressors that are installed here, on the same data: each as its own users start it,
// with as many threads as it takes.
#pragma once

#include "client/bench/figures.hpp"
#include "client/bench/sample.hpp"

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace peerpress::client::bench {

struct peer {
    std::string tool;
    int level = 0;
    std::vector<std::string> command;  // reads standard input, writes standard output
};

// Those of which the program is on PATH.
std::vector<peer> installed_peers(std::uint32_t threads);

// Runs one from the sample to a file without a name in `directory`, which is on disk in the end.
// Nothing where it fails.
std::optional<job_figures> measure_peer(const peer& peer, const sample& data,
                                        const std::string& directory, std::stop_token stop);

}  // namespace peerpress::client::bench
