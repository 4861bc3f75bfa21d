// Which root complexes Linux lets peer traffic cross. The kernel exports neither its rule nor its
// list, so both are repeated here; they were read in the version below. A newer kernel may trust
// more than this list.
#pragma once

#include "io/topology/machine.hpp"

#include <string>

namespace peerpress::io::topology {

inline constexpr kernel_version host_bridge_list_version{7, 3};

enum class trust { yes, no, unknown };

// Whether traffic between two devices below these host bridges ("pci0000:00") may cross the root
// complex.
trust crossing(const machine& in, const std::string& from, const std::string& to);

// The device whose identity decides for a host bridge, as "8086:2030"; "" where there is none.
std::string host_bridge_identity(const machine& in, const std::string& host_bridge);

}  // namespace peerpress::io::topology
