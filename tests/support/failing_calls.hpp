// The libc calls by which jobs open, name, remove and stamp files, in place of libc's own. Each
// asks its program first: whoever links failing_calls.cpp has the functions below.
#pragma once

namespace peerpress::test {

// Whether this call is to fail; errno is set then.
bool fails(const char* call);

// Told of what was done: a file was made or cut, a directory was made.
void created(int fd);
void changed(int fd);
void directory_made(int in, const char* name);

// What fsync does and returns; errno is set where it `failed`.
int make_durable(int fd, bool failed);

}  // namespace peerpress::test
