// Accepts connections on a socket and hands them to a gRPC server. gRPC could listen itself, but
// not on a socket that systemd has opened, nor with a mode that holds from the first moment, nor
// without removing another server's socket.
#pragma once

#include "io/asio.hpp"

#include <functional>
#include <future>
#include <string>

namespace peerpress::server {

class unix_listener {
public:
    // Takes over the descriptor of a connection, non-blocking.
    using connection_taker = std::function<void(int fd)>;

    // Takes over `fd`. `socket_path`: removed at the end; empty where it is not ours.
    unix_listener(asio::any_io_executor executor, int fd, std::string socket_path,
                  connection_taker take);
    unix_listener(const unix_listener&) = delete;
    unix_listener& operator=(const unix_listener&) = delete;
    ~unix_listener();

    void start();  // once the gRPC server has been started
    void
    stop();  // before it is shut down; from another thread than the executor's, which it waits for

private:
    awaitable<> serve();
    bool accept_one();

    asio::posix::stream_descriptor listening_;
    std::string socket_path_;
    connection_taker take_;
    asio::steady_timer pause_;
    bool stopped_ = false;  // the executor's, as the rest
    std::future<void> ended_;
};

}  // namespace peerpress::server
