// What --help prints.
#pragma once

#include "client/manual/command_model.hpp"

#include <string>

namespace peerpress::client::manual {

std::string help(const command_model& command);

// `text` broken at spaces so that no line is longer than `width`; `indent` spaces before each line
// but the first.
std::string wrapped(const std::string& text, std::size_t width, std::size_t indent);

}  // namespace peerpress::client::manual
