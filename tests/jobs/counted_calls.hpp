// Calls that are counted while armed, of which the one whose turn it is fails. So do storages that
// are asked by test::fails().
#pragma once

#include "tests/support/failing_calls.hpp"

#include <string>

namespace peerpress::test {

// From now on the call number `at` (the first is 0) fails with `error`.
void arm_calls(unsigned long at, int error);

// From now on each call of that name fails with `error`, as where the kernel does not know it.
// Until disarm_calls().
void refuse_calls(const char* name, int error);

// Returns which call failed; empty where there were not so many.
std::string disarm_calls();

}  // namespace peerpress::test
