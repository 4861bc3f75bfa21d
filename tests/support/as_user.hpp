// Lets a test do something as another user: on a thread of its own, since glibc changes the user of
// a whole process and the kernel that of a thread. Takes root.
#pragma once

#include <grp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <thread>
#include <vector>

namespace peerpress::test {

struct test_user {
    uid_t uid = 0;
    gid_t gid = 0;
    std::vector<gid_t> groups = {};
};

// Nobody's numbers, so that no file of the machine is theirs.
inline const test_user alice{.uid = 220001, .gid = 220001, .groups = {220010}};
inline const test_user bob{.uid = 220002, .gid = 220002, .groups = {220010}};

inline bool can_be_others() {
    return ::geteuid() == 0;
}

template <class Act>
void as_user(const test_user& who, Act act) {
    std::exception_ptr error;
    std::thread([&] {
        if (::syscall(SYS_setgroups, who.groups.size(), who.groups.data()) != 0 ||
            ::syscall(SYS_setresgid, who.gid, who.gid, who.gid) != 0 ||
            ::syscall(SYS_setresuid, who.uid, who.uid, who.uid) != 0)
            std::abort();
        try {
            act();
        } catch (...) {
            error = std::current_exception();
        }
    }).join();
    if (error) std::rethrow_exception(error);
}

}  // namespace peerpress::test
