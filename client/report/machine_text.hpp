// What devices, topology and doctor tell, for people: pure functions.
#pragma once

#include "io/topology/doctor.hpp"
#include "io/topology/machine.hpp"

#include <string>

namespace peerpress::client {

// A table with a line for each device; a sentence where there is none.
std::string devices_text(const io::topology::machine& in);

// The PCIe tree, then the pairs; a sentence where there is nothing to draw.
std::string topology_text(const io::topology::machine& in);

std::string diagnosis_text(const io::topology::diagnosis& made);

}  // namespace peerpress::client
