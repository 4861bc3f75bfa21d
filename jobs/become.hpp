// Acting on files as somebody else, by one thread.
#pragma once

#include "io/asio.hpp"
#include "jobs/user.hpp"

namespace peerpress::jobs {

// From now on the calling thread opens, makes and removes files as `who` does: its user and groups
// for files are theirs, and no capability is left that would let it do more. There is no way back.
// Other threads of the process stay who they are.
//
// Who it is otherwise does not change: a thread whose real user were `who` could be killed by them,
// and the process with it.
error_code become(const user& who);

// Does it take become() to act as this user?
bool is_somebody_else(const user& who);

}  // namespace peerpress::jobs
