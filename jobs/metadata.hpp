// What an output takes over from its source besides the data. Blocking calls: made by the opener's
// threads, on an output that nobody else has a name for yet.
#pragma once

#include <sys/stat.h>

#include <string>
#include <vector>

namespace peerpress::jobs {

// Mode (without set-uid, set-gid and sticky), times, POSIX ACL, user.* attributes, and the owner
// where the caller may set it. Returns what was lost, in words; an owner that could not be kept is
// not among it, as with every tool that an ordinary user runs.
std::vector<std::string> carry_metadata(int source_fd, const struct stat& source, int output_fd);

}  // namespace peerpress::jobs
