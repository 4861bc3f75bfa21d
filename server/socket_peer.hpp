// Who is at the other end of a connected Unix socket, by the kernel's word.
#pragma once

#include "io/asio.hpp"
#include "jobs/user.hpp"

namespace peerpress::server {

struct socket_peer {
    jobs::user user;
    pid_t pid = 0;
};

// As they were when the peer connected: a program that changes its user afterwards, or hands its
// connection on, stays who it was.
result<socket_peer> peer_of(int fd);

// The number that stands for users of another user namespace who are nobody in this one.
uid_t unmapped_uid();

}  // namespace peerpress::server
