// What may be done to a daemon under test. Production code has no part in it: all of this stands
// behind its seams (the job runner, the opener, the observer) and SQLite's own.
#pragma once

#include "server/job_runner.hpp"

#include <memory>
#include <string>

namespace peerpress::test {

struct faults {
    // "STEP:N": SIGKILL to itself when STEP comes for the Nth time. Steps are jobs::step's, and
    // "store_syncing" and "store_synced": before and after the job store makes something durable.
    std::string kill_at;
    bool named_outputs = false;  // as on a file system without O_TMPFILE

    // Negative controls: a part of the commit protocol is left out.
    bool without_prepared = false;
    bool without_data_sync = false;
    bool without_directory_sync = false;
    bool without_full_sync = false;  // of the store: PRAGMA synchronous = NORMAL
    bool leaking = false;            // memory and descriptors, a little with each step
};

// Once, before there is a daemon.
void set_up(const faults& asked);

std::unique_ptr<server::job_runner> make_faulty_runner(pipeline::lane& lane);

// "NAME COUNT" a line: how often each step has come.
std::string step_counts();

}  // namespace peerpress::test
