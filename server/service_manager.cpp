#include "server/service_manager.hpp"

#include "server/refusal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>

namespace peerpress::server {

void notify_ready(const std::string& status) {
    sd_notify(0, ("READY=1\nSTATUS=" + status).c_str());
}
void notify_status(const std::string& status) {
    sd_notify(0, ("STATUS=" + status).c_str());
}
void notify_stopping() {
    sd_notify(0, "STOPPING=1\nSTATUS=Waiting for running jobs");
}
void notify_watchdog() {
    sd_notify(0, "WATCHDOG=1");
}

std::optional<std::chrono::microseconds> watchdog_interval() {
    std::uint64_t micros = 0;
    if (sd_watchdog_enabled(0, &micros) <= 0) return std::nullopt;
    return std::chrono::microseconds(micros);
}

std::optional<int> passed_socket() {
    const int count = sd_listen_fds(1);
    if (count <= 0) return std::nullopt;
    const int fd = SD_LISTEN_FDS_START;
    if (count > 1 || sd_is_socket_unix(fd, SOCK_STREAM, 1, nullptr, 0) <= 0) {
        throw refusal(
            jobs::reason::internal,
            fmt::format(
                "systemd passed {} sockets: one Unix stream socket (ListenStream=/path) is taken",
                count));
    }
    // gRPC's accept loop must not block where two processes share the socket during a restart.
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    return fd;
}

}  // namespace peerpress::server
