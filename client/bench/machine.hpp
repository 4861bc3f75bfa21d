// The machine a benchmark ran on, in the words of its kernel.
#pragma once

#include "client/bench/figures.hpp"

#include <string>

namespace peerpress::client::bench {

// What there is to know of it before anything is measured.
machine_figures look_at_machine(const std::string& directory);

}  // namespace peerpress::client::bench
