#include "counted_calls.hpp"

#include <dlfcn.h>

#include <atomic>
#include <cerrno>
#include <string_view>

namespace peerpress::test {
namespace {

// Calls are made by several threads; each of these is set before they begin.
std::atomic<bool> armed = false;
std::atomic<unsigned long> calls = 0;
std::atomic<unsigned long> turn = 0;
std::atomic<int> failure = 0;
std::atomic<const char*> failed = nullptr;
std::atomic<const char*> refused = nullptr;

}  // namespace

void arm_calls(unsigned long at, int error) {
    calls = 0;
    turn = at;
    failure = error;
    failed = nullptr;
    armed = true;
}

void refuse_calls(const char* name, int error) {
    failure = error;
    refused = name;
}

std::string disarm_calls() {
    armed = false;
    refused = nullptr;
    const char* const call = failed;
    return call == nullptr ? std::string() : call;
}

bool fails(const char* call) {
    const char* const unknown = refused;
    if (unknown != nullptr && std::string_view(unknown) == call) {
        errno = failure;
        return true;
    }
    if (!armed || calls++ != turn) return false;
    failed = call;
    errno = failure;
    return true;
}

void created(int) {}
void changed(int) {}
void directory_made(int, const char*) {}

int make_durable(int fd, bool failed) {
    if (failed) return -1;
    static auto* const call = reinterpret_cast<int (*)(int)>(::dlsym(RTLD_NEXT, "fsync"));
    return call(fd);
}

}  // namespace peerpress::test
