// When whoever reads our standard output goes away, a tool ends quietly by SIGPIPE, as `yes | head`
// expects.
#pragma once

#include <exception>

namespace peerpress::client {

// Thrown where writing to standard output has failed because nobody reads it any more.
class broken_pipe : public std::exception {
public:
    const char* what() const noexcept override { return "stdout: Broken pipe"; }
};

// Is standard output a pipe or socket without a reader?
bool standard_output_is_broken();

}  // namespace peerpress::client
