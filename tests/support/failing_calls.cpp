#include "tests/support/failing_calls.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>

#include <cerrno>
#include <cstdarg>

namespace peerpress::test {
namespace {

template <class Function>
Function* libc_call(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace
}  // namespace peerpress::test

using peerpress::test::fails;
using peerpress::test::libc_call;

extern "C" {

int open(const char* path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
    va_end(more);
    if (fails("open")) return -1;
    return libc_call<int(const char*, int, ...)>("open")(path, flags, mode);
}

int openat(int in, const char* path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
    va_end(more);
    if (fails("openat")) return -1;
    const int fd = libc_call<int(int, const char*, int, ...)>("openat")(in, path, flags, mode);
    if (fd >= 0 && (flags & (O_CREAT | __O_TMPFILE)) != 0) peerpress::test::created(fd);
    return fd;
}

// openat2 has no function of its own.
long syscall(long number, ...) {
    va_list more;
    va_start(more, number);
    long values[6];
    for (long& value : values) value = va_arg(more, long);
    va_end(more);
    if (number == SYS_openat2 && fails("openat2")) return -1;
    return libc_call<long(long, ...)>("syscall")(number, values[0], values[1], values[2], values[3],
                                                 values[4], values[5]);
}

int fstat(int fd, struct stat* status) noexcept {
    if (fails("fstat")) return -1;
    return libc_call<int(int, struct stat*)>("fstat")(fd, status);
}

int fstatat(int in, const char* path, struct stat* status, int flags) noexcept {
    if (fails("fstatat")) return -1;
    return libc_call<int(int, const char*, struct stat*, int)>("fstatat")(in, path, status, flags);
}

int linkat(int from_in, const char* from, int to_in, const char* to, int flags) noexcept {
    if (fails("linkat")) return -1;
    return libc_call<int(int, const char*, int, const char*, int)>("linkat")(from_in, from, to_in,
                                                                             to, flags);
}

int renameat(int from_in, const char* from, int to_in, const char* to) noexcept {
    if (fails("renameat")) return -1;
    return libc_call<int(int, const char*, int, const char*)>("renameat")(from_in, from, to_in, to);
}

int renameat2(int from_in, const char* from, int to_in, const char* to, unsigned flags) noexcept {
    if (fails("renameat2")) return -1;
    return libc_call<int(int, const char*, int, const char*, unsigned)>("renameat2")(
        from_in, from, to_in, to, flags);
}

int unlinkat(int in, const char* path, int flags) noexcept {
    if (fails("unlinkat")) return -1;
    return libc_call<int(int, const char*, int)>("unlinkat")(in, path, flags);
}

int mkdirat(int in, const char* path, mode_t mode) noexcept {
    if (fails("mkdirat")) return -1;
    const int failed = libc_call<int(int, const char*, mode_t)>("mkdirat")(in, path, mode);
    if (failed == 0) peerpress::test::directory_made(in, path);
    return failed;
}

int mkdir(const char* path, mode_t mode) noexcept {
    if (fails("mkdir")) return -1;
    return libc_call<int(const char*, mode_t)>("mkdir")(path, mode);
}

int fsync(int fd) {
    return peerpress::test::make_durable(fd, fails("fsync"));
}

int ftruncate(int fd, off_t bytes) noexcept {
    if (fails("ftruncate")) return -1;
    const int failed = libc_call<int(int, off_t)>("ftruncate")(fd, bytes);
    if (failed == 0) peerpress::test::changed(fd);
    return failed;
}

int fchmod(int fd, mode_t mode) noexcept {
    if (fails("fchmod")) return -1;
    return libc_call<int(int, mode_t)>("fchmod")(fd, mode);
}

int fchown(int fd, uid_t user, gid_t group) noexcept {
    if (fails("fchown")) return -1;
    return libc_call<int(int, uid_t, gid_t)>("fchown")(fd, user, group);
}

int futimens(int fd, const timespec* times) noexcept {
    if (fails("futimens")) return -1;
    return libc_call<int(int, const timespec*)>("futimens")(fd, times);
}
}
