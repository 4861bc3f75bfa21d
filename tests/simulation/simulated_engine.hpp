// The software engine's codecs on the lane's own thread, each piece of work taking some virtual
// time.
#pragma once

#include "accel/accelerator.hpp"
#include "tests/simulation/world.hpp"

#include <memory>

namespace peerpress::simulation {

std::unique_ptr<accel::accelerator> make_simulated_engine(world& in);

}  // namespace peerpress::simulation
