// One file's (or device's) bytes as they are, from its opened source into its output: from peer to
// peer where that can be, else through host memory, and counted.
#pragma once

#include "jobs/describe.hpp"
#include "jobs/file_transfer.hpp"

namespace peerpress::jobs {

// Both ends opened and of the same job; borrowed.
struct copy_ends {
    working_file& work;
    file_result& result;  // paths, sizes, checksum and notes go here
    step_side& failed_side;
    bool verified = false;  // what is written is read again and compared
};

// `opened` gives up its descriptors to the storages of `ends.work`. Throws what a transfer throws,
// problem_error where peer to peer was insisted on and something stands against it: then no byte
// has moved.
awaitable<> copy_file(const transfer_setting& setting, copy_ends ends, opened_file opened);

// Asks what copy_file() asks first, and throws what it would throw then where peer to peer is
// insisted on. `opened` is a rehearsal's.
awaitable<> rehearse_copy(const transfer_setting& setting, copy_ends ends, opened_file opened);

}  // namespace peerpress::jobs
