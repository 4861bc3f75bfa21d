#include "server/connection_bound.hpp"

#include "server/socket_peer.hpp"

#include <sys/stat.h>

namespace peerpress::server {
namespace {

ino_t inode_of(int fd) {
    struct stat status{};
    return ::fstat(fd, &status) == 0 ? status.st_ino : 0;
}

}  // namespace

bool connection_bound::admits(int fd) {
    if (each_max_ == 0) return true;
    const auto peer = peer_of(fd);
    // Whom nobody knows has no calls either; gRPC's own limits hold.
    if (!peer || peer->user.uid == 0) return true;
    std::vector<connection>& theirs = open_[peer->user.uid];
    if (theirs.size() >= each_max_)
        std::erase_if(theirs, [](const connection& c) { return inode_of(c.fd) != c.inode; });
    if (theirs.size() >= each_max_) return false;
    theirs.push_back({.fd = fd, .inode = inode_of(fd)});
    return true;
}

}  // namespace peerpress::server
