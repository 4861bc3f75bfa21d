#pragma once

#include <stdexcept>
#include <string>

namespace peerpress::client {

// A command line that cannot be understood: one line, exit code 1. `command` is "peerpress
// compress".
class usage_error : public std::runtime_error {
public:
    usage_error(std::string command, const std::string& message)
        : std::runtime_error(message), command_(std::move(command)) {}
    const std::string& command() const { return command_; }

private:
    std::string command_;
};

}  // namespace peerpress::client
