// What a command takes, as data. Help, man pages and completions are all printed from it, and it is
// read off the very grammars that parse, so that none of them can drift from what is understood.
#pragma once

#include <string>
#include <vector>

namespace peerpress::client::manual {

struct option_model {
    std::vector<std::string> names;  // "-o", "--output"
    std::string value;               // "FILE", or the choices "auto|zlib"; empty for a flag
    std::string help;
};

struct command_model {
    std::string name;      // "compress"; empty for peerpress itself
    std::string summary;   // one line
    std::string details;   // paragraphs, separated by empty lines
    std::string operands;  // "FILE..."
    std::vector<option_model> options;
    std::vector<command_model> commands;
};

// The choices of "auto|zlib", none of "FILE".
std::vector<std::string> choices(const option_model& option);
// Does the value name a path?
bool takes_path(const std::string& value);

// "peerpress compress".
std::string full_name(const command_model& command, const char* separator = " ");

}  // namespace peerpress::client::manual
