// Speed against ratio as a picture: one line for each program, one point for each of its levels.
#pragma once

#include "client/bench/figures.hpp"

#include <string>

namespace peerpress::client::bench {

// An SVG document: ratio to the right, speed of a whole job upwards, on a logarithmic scale. Empty
// where there is no level to show.
std::string plot_svg(const figures& made);

}  // namespace peerpress::client::bench
