// The durable steps of a file's way, by name, so that a test can stand (or kill the process) at
// each.
#pragma once

#include <functional>
#include <string>

namespace peerpress::jobs {

enum class step {
    output_created,
    data_written,  // and verified, where that was asked for
    sealed,        // metadata carried over, the source found unchanged
    data_synced,
    prepared_told,  // the observer knows
    output_linked,  // a temporary of the file's own got a hidden name, to replace the destination
    output_published,  // the destination has its name
    directory_synced,  // path: the directory's
    source_removed,
    finished_told,
};

// Called where the step is done, on the lane's or an opener's thread. Must not throw.
using step_hook = std::function<void(step, const std::string& path)>;

}  // namespace peerpress::jobs
