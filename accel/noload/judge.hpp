// What becomes of a command that failed: a pure function, so that the whole of it can be read, and
// tested, in one place.
#pragma once

#include "io/asio.hpp"

namespace peerpress::accel::noload {

enum class verdict {
    done,
    retry,           // the same core, a little later
    other_core,      // of the same device
    redo_elsewhere,  // this device cannot do this one; it goes on serving
    quarantine,      // the device is not to be trusted, or gone: it has to pass its test first
    blame_data,      // they are not what the request says
    fail,            // we are being stopped
};

struct failure {
    error_code error;
    bool final = false;        // the controller says that the same command will fail again
    unsigned tries = 1;        // on this core, this one included
    unsigned other_cores = 0;  // that could still be asked
};

// How often one core is asked before another is.
inline constexpr unsigned tries_max = 3;

verdict judge(const failure& failed);

}  // namespace peerpress::accel::noload
