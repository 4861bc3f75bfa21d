// peerpress's own command line: what it takes, and what it makes of an argument vector. `peerpress
// gzip` has a grammar of its own (gzip/gzip_grammar.hpp); here it is only a name with a page.
#pragma once

#include "client/manual/command_model.hpp"
#include "client/request.hpp"
#include "client/usage_error.hpp"

#include <string>
#include <vector>

namespace peerpress::client {

// The arguments after the program's name. Throws usage_error. Touches no file and no environment.
request parse_command_line(std::vector<std::string> arguments);

// peerpress with all its commands.
manual::command_model command_line_model();

}  // namespace peerpress::client
