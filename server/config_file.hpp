// A configuration from its sources, the later over the earlier: defaults, TOML file, environment,
// flags.
#pragma once

#include "server/config.hpp"

#include <string>
#include <utility>
#include <vector>

namespace peerpress::server {

// Each throws config_error with every mistake found, a line each: "FILE:LINE: ...".
void apply_file(config& c, const std::string& path);
void apply_environment(config& c, const environment& env);

// "jobs.level", "6"; `origin` is the flag as the caller wrote it.
void apply_setting(config& c, const std::string& name, const std::string& value,
                   const std::string& origin);

// What no key can see alone.
void check(const config& c);

// A TOML file that says the same; what is as by default is commented out.
std::string print_config(const config& c, const config& defaults);

}  // namespace peerpress::server
