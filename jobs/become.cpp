#include "jobs/become.hpp"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace peerpress::jobs {
namespace {

error_code last_error() {
    return {errno, boost::system::system_category()};
}

// setfsuid() and setfsgid() never say whether they worked, only who one was before.
constexpr auto only_ask = static_cast<uid_t>(-1);

error_code set_one(long call, unsigned wanted) {
    ::syscall(call, wanted);
    if (static_cast<unsigned>(::syscall(call, only_ask)) == wanted) return {};
    return {EPERM, boost::system::system_category()};
}

// The kernel takes the capabilities for files away when the user for files stops being root; this
// also takes those of a daemon that has them without being root, and CAP_SYS_RESOURCE and
// CAP_SYS_ADMIN, which pass quotas and reserved blocks by.
error_code drop_capabilities() {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    const std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
    return ::syscall(SYS_capset, &header, none.data()) == 0 ? error_code{} : last_error();
}

}  // namespace

// System calls as they are: glibc's setgroups() changes every thread of the process.
error_code become(const user& who) {
    if (::syscall(SYS_setgroups, who.groups.size(), who.groups.data()) != 0) return last_error();
    if (const error_code failed = set_one(SYS_setfsgid, who.gid)) return failed;
    if (const error_code failed = set_one(SYS_setfsuid, who.uid)) return failed;
    return drop_capabilities();
}

bool is_somebody_else(const user& who) {
    return who.uid != ::geteuid();
}

}  // namespace peerpress::jobs
