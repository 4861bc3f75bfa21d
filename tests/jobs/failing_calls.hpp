// The libc calls by which jobs open, name, remove and stamp files, in place of libc's own: counted
// while armed, and the one whose turn it is fails. So do storages that are asked by fails().
#pragma once

#include <string>

namespace peerpress::test {

// From now on the call number `at` (the first is 0) fails with `error`.
void arm_calls(unsigned long at, int error);

// Returns which call failed; empty where there were not so many.
std::string disarm_calls();

// Whether it is this call's turn; errno is set then.
bool fails(const char* call);

}  // namespace peerpress::test
