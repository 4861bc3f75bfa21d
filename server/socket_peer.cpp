#include "server/socket_peer.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <fstream>

namespace peerpress::server {
namespace {

error_code last_error() {
    return {errno, boost::system::system_category()};
}

uid_t number_in(const char* path) {
    uid_t number = 65534;  // the kernel's default
    std::ifstream(path) >> number;
    return number;
}

result<std::vector<gid_t>> groups_of(int fd) {
    std::vector<gid_t> groups(64);
    for (;;) {
        auto bytes = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
        const int failed = ::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &bytes);
        if (failed != 0 && errno != ERANGE) return last_error();
        groups.resize(bytes / sizeof(gid_t));
        if (failed == 0) break;
    }
    // A group that is none here must not stand for the group that has its number.
    static const gid_t unmapped = number_in("/proc/sys/kernel/overflowgid");
    std::erase(groups, unmapped);
    return groups;
}

}  // namespace

result<socket_peer> peer_of(int fd) {
    int domain = 0;
    socklen_t bytes = sizeof domain;
    if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &bytes) != 0) return last_error();
    // Other sockets answer as well, with nobody's numbers.
    if (domain != AF_UNIX) return error_code(ENOTSUP, boost::system::system_category());

    ucred credentials{};
    bytes = sizeof credentials;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &bytes) != 0) return last_error();
    auto groups = groups_of(fd);
    if (!groups) return groups.error();
    return socket_peer{
        .user = {.uid = credentials.uid, .gid = credentials.gid, .groups = *std::move(groups)},
        .pid = credentials.pid};
}

uid_t unmapped_uid() {
    static const uid_t number = number_in("/proc/sys/kernel/overflowuid");
    return number;
}

}  // namespace peerpress::server
