// What gzip checks about a named file before it touches it.
#pragma once

#include "client/gzip/gzip_grammar.hpp"

#include <sys/stat.h>

#include <optional>
#include <string>

namespace peerpress::client::gzip {

// A warning why a regular file is passed over; nothing where it is taken. Compressed into a file
// beside it, a file loses its links and its special bits: gzip leaves it alone unless forced.
std::optional<std::string> objection(const struct stat& status, const std::string& name,
                                     const gzip_request& request);

// The file an operand means: "a" is a.gz where there is no "a", for what reads compressed files.
std::string operand_file(const std::string& operand, const gzip_request& request);

}  // namespace peerpress::client::gzip
