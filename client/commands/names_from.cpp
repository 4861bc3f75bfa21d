#include "client/commands/names_from.hpp"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

namespace peerpress::client {

std::vector<std::string> read_names(std::istream& in, bool nul_separated) {
    std::vector<std::string> names;
    for (std::string name; std::getline(in, name, nul_separated ? '\0' : '\n');) {
        if (!name.empty()) names.push_back(name);
    }
    return names;
}

names_result names_from(const std::string& file, bool nul_separated) {
    if (file == "-") return {.error = {}, .names = read_names(std::cin, nul_separated)};
    std::ifstream in(file, std::ios::binary);
    if (!in)
        return {.error = {jobs::reason::source_not_found, file + ": " + std::strerror(errno)},
                .names = {}};
    names_result result{.error = {}, .names = read_names(in, nul_separated)};
    // A directory opens, but does not read.
    if (in.bad()) result.error = {jobs::reason::source_unreadable, file + ": cannot be read"};
    return result;
}

}  // namespace peerpress::client
