#include "accel/model/control.hpp"

#include "accel/model/administrator.hpp"
#include "accel/model/local_socket.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>

namespace peerpress::accel::model {
namespace {

constexpr std::string_view obeyed = "ok\n";
constexpr std::string_view refused = "no such order\n";

void bound_waits(const io::unique_fd& socket) {
    const timeval patience{.tv_sec = 5, .tv_usec = 0};
    setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

// Up to the line's end, or to that of the connection.
std::string receive_line(const io::unique_fd& socket) {
    std::string line;
    std::array<char, order_bytes_max> part;
    while (line.size() <= order_bytes_max) {
        const ssize_t got = recv(socket.get(), part.data(), part.size(), 0);
        if (got <= 0) break;
        line.append(part.data(), static_cast<std::size_t>(got));
        if (line.find('\n') != std::string::npos) break;
    }
    return line.substr(0, line.find('\n'));
}

void send_text(const io::unique_fd& socket, std::string_view text) {
    // A few bytes: all of them, or the other side has gone.
    [[maybe_unused]] const ssize_t sent =
        send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL);
}

}  // namespace

control::control(const std::string& path, obey_function obey)
    : path_(path), obey_(std::move(obey)), listener_(listen_at(path)), thread_([this] { run(); }) {}

control::~control() {
    shutdown(listener_.get(), SHUT_RDWR);  // ends the wait of accept()
    thread_.join();
    unlink(path_.c_str());
}

void control::run() {
    for (;;) {
        const io::unique_fd client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!client) return;
        answer(client);
    }
}

void control::answer(const io::unique_fd& client) {
    bound_waits(client);
    const std::string order = receive_line(client);
    send_text(client, !order.empty() && obey_(order) ? obeyed : refused);
}

bool tell(const std::string& path, std::string_view order) {
    const io::unique_fd socket = connect_to(path);
    bound_waits(socket);
    send_text(socket, std::string(order) + "\n");
    return receive_line(socket) + "\n" == obeyed;
}

}  // namespace peerpress::accel::model
