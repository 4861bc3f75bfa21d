// --files-from.
#pragma once

#include "jobs/reason.hpp"

#include <istream>
#include <string>
#include <vector>

namespace peerpress::client {

// Names separated by newlines, or by NUL. Empty names are passed over.
std::vector<std::string> read_names(std::istream& in, bool nul_separated);

struct names_result {
    jobs::problem error;
    std::vector<std::string> names;
};
names_result names_from(const std::string& file, bool nul_separated);  // "-": standard input

}  // namespace peerpress::client
