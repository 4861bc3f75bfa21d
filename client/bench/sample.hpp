// The data of a benchmark: a file of the user's, or pieces of it where it is large, or of this
// machine's own files.
//
// Pieces are written to a file without a name in the measured directory, so that what is read lies
// on the disk that is meant, and nothing is left of it.
#pragma once

#include "io/unique_fd.hpp"

#include <cstdint>
#include <stop_token>
#include <string>

namespace peerpress::client::bench {

struct sample {
    io::unique_fd fd;
    std::uint64_t size_bytes = 0;
    std::string description;  // "256 MiB of dump.sql"
};

// `file` empty: of the files below /usr. Throws jobs::problem_error, and operation_aborted.
sample take_sample(const std::string& file, const std::string& directory, std::uint64_t bytes_max,
                   std::stop_token stop);

// An open description of its own: flags that one user of a file sets are not the other's.
io::unique_fd open_again(const io::unique_fd& fd, int flags);

// A file without a name, which is gone when it is closed.
io::unique_fd open_nameless(const std::string& directory);

// The next one to read it has to ask the disk.
void forget_cached(const io::unique_fd& fd);

}  // namespace peerpress::client::bench
