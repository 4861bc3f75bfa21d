#include "server/unix_listener.hpp"

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <system_error>

namespace peerpress::server {

unix_listener::unix_listener(asio::any_io_executor executor, int fd, std::string socket_path,
                             connection_taker take)
    : listening_(std::move(executor), fd),
      socket_path_(std::move(socket_path)),
      take_(std::move(take)),
      pause_(listening_.get_executor()) {}

unix_listener::~unix_listener() {
    if (!socket_path_.empty()) ::unlink(socket_path_.c_str());
}

void unix_listener::start() {
    ended_ = asio::co_spawn(listening_.get_executor(), serve(), asio::use_future);
}

void unix_listener::stop() {
    if (!ended_.valid()) return;
    asio::post(listening_.get_executor(), [this] {
        stopped_ = true;
        // Whoever connects from now on is told so at once, instead of waiting in the queue.
        listening_.close();
        pause_.cancel();
    });
    ended_.get();
}

awaitable<> unix_listener::serve() {
    while (!stopped_) {
        co_await listening_.async_wait(asio::posix::descriptor_base::wait_read,
                                       asio::as_tuple(asio::use_awaitable));
        while (!stopped_ && accept_one()) {
        }
        if (stopped_ || errno == EAGAIN || errno == ECONNABORTED || errno == EINTR) continue;
        // Out of descriptors or memory: the connection still waits, and a next attempt at once
        // would spin.
        spdlog::error("a connection cannot be accepted: {}",
                      std::generic_category().message(errno));
        pause_.expires_after(std::chrono::milliseconds(100));
        co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

bool unix_listener::accept_one() {
    const int fd =
        ::accept4(listening_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return false;
    take_(fd);
    return true;
}

}  // namespace peerpress::server
