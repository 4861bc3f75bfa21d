// gzip's own command line: bundled letters, long names and their abbreviations, options after
// operands, `--`. The environment variable GZIP is ignored (gzip itself calls it obsolescent): a
// script's result should not depend on it.
#pragma once

#include "client/manual/command_model.hpp"

#include <string>
#include <vector>

namespace peerpress::client::gzip {

enum class action { compress, decompress, test, list, help, version };

struct gzip_request {
    gzip::action action = action::compress;
    std::vector<std::string> files = {};  // none: standard input to standard output
    bool to_stdout = false;
    bool force = false;
    bool keep = false;
    bool recursive = false;
    bool restore_name = false;  // -N
    bool quiet = false;
    bool verbose = false;
    bool synchronous = false;
    int level = 6;
    std::string suffix = ".gz";
};

// The arguments after "gzip". Throws usage_error.
gzip_request parse_gzip_command_line(const std::vector<std::string>& arguments);

manual::command_model gzip_model();

}  // namespace peerpress::client::gzip
