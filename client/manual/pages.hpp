// Everything that is printed from the command model besides --help.
#pragma once

#include "client/manual/command_model.hpp"

#include <optional>
#include <string>

namespace peerpress::client::manual {

// A man page in man(7)'s macros. `program` is the whole model, `command` one of its commands or
// itself.
std::string man_page(const command_model& program, const command_model& command);

std::string bash_completion(const command_model& program);
std::string zsh_completion(const command_model& program);
std::string fish_completion(const command_model& program);

// `kind` is "man", "bash", "zsh" or "fish"; `command` (for man) is empty for peerpress itself.
std::optional<std::string> page(const command_model& program, const std::string& kind,
                                const std::string& command);

}  // namespace peerpress::client::manual
