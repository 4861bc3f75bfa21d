// The PCIe tree and what its devices can do with each other, as plain text.
#pragma once

#include "io/topology/machine.hpp"
#include "io/topology/verdict.hpp"

#include <string>

namespace peerpress::io::topology {

// NVMe controllers, providers of p2pmem and the bridges above them, a tree for each root complex.
// "" where there is neither.
std::string draw_tree(const machine& in);

// For each provider a line for each NVMe controller: verdict, distance, way. "" where there is no
// provider.
std::string draw_pairs(const machine& in);

// One verdict with all that stands against it and the ways out.
std::string draw_verdict(const machine& in, const verdict& judged);

}  // namespace peerpress::io::topology
