// The right to use a state directory: one daemon at a time has it, until it closes or dies.
#pragma once

#include "io/file.hpp"

#include <string>

namespace peerpress::server {

class state_lock {
public:
    // Makes the directory (mode 0700) where there is none. Throws refusal where another daemon has
    // it.
    explicit state_lock(const std::string& directory);

private:
    io::unique_fd fd_;
};

}  // namespace peerpress::server
