#include "accel/model/local_socket.hpp"

#include "io/asio.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace peerpress::accel::model {
namespace {

[[noreturn]] void fail(int error, const std::string& path) {
    throw system_error(error_code(error, boost::system::system_category()), path);
}

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) fail(ENAMETOOLONG, path);
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

io::unique_fd open_socket(const std::string& path) {
    io::unique_fd made(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!made) fail(errno, path);
    return made;
}

bool connects(const io::unique_fd& socket, const sockaddr_un& address) {
    return connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

io::unique_fd listen_at(const std::string& path) {
    const sockaddr_un address = address_of(path);
    if (!connects(open_socket(path), address) && errno == ECONNREFUSED) unlink(path.c_str());
    io::unique_fd made = open_socket(path);
    if (bind(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        listen(made.get(), 1) != 0) {
        fail(errno, path);
    }
    return made;
}

io::unique_fd connect_to(const std::string& path) {
    io::unique_fd made = open_socket(path);
    if (!connects(made, address_of(path))) fail(errno, path);
    return made;
}

}  // namespace peerpress::accel::model
