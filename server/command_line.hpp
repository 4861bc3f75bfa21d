// What peerpressd was called with.
#pragma once

#include "server/config.hpp"

#include <iosfwd>
#include <optional>

namespace peerpress::server {

enum class command { serve, check_config, print_config };

struct invocation {
    server::command command = command::serve;
    server::config config;
    server::config defaults;
};

// Reads every source of the configuration. nullopt: --help or --version was answered on `out`.
// Throws config_error, for unknown options, too.
std::optional<invocation> parse_command_line(int argc, const char* const* argv, bool system,
                                             const environment& env, std::ostream& out);

}  // namespace peerpress::server
