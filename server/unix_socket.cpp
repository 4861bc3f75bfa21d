#include "server/unix_socket.hpp"

#include "io/file.hpp"
#include "server/refusal.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace peerpress::server {

namespace {

constexpr int backlog = 128;

[[noreturn]] void fail(const std::string& path, const std::string& what, int error) {
    throw refusal(jobs::reason::internal,
                  fmt::format("{}: {}: {}", path, what, std::generic_category().message(error)));
}

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.c_str(), std::min(path.size() + 1, sizeof address.sun_path));
    return address;
}

int connect_to(const std::string& path) {
    const io::unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) fail(path, "no socket can be had", errno);
    const sockaddr_un address = address_of(path);
    return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0
               ? 0
               : errno;
}

void make_directory(const std::string& path) {
    const auto parent = std::filesystem::path(path).parent_path();
    std::error_code ec;
    if (std::filesystem::exists(parent, ec)) return;
    std::filesystem::create_directories(parent, ec);
    if (ec) fail(path, "its directory cannot be made", ec.value());
    ::chmod(parent.c_str(), 0700);
}

// A daemon that was killed leaves its socket behind. Only a refused connection proves that it is
// gone: a full backlog (EAGAIN) means that somebody is there.
void remove_stale(const std::string& path) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) return;
    if (!S_ISSOCK(status.st_mode)) {
        throw refusal(jobs::reason::internal,
                      path + " exists and is no socket: remove it, or name another (listen.unix)");
    }
    const int error = connect_to(path);
    if (error == 0 || error == EAGAIN || error == EINPROGRESS) {
        throw refusal(
            jobs::reason::internal,
            path + ": another server answers there: stop it, or name another socket (--socket)");
    }
    if (error == ECONNREFUSED) ::unlink(path.c_str());
}

}  // namespace

int listen_unix(const std::string& path, unsigned mode) {
    make_directory(path);
    remove_stale(path);
    io::unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) fail(path, "no socket can be had", errno);
    const sockaddr_un address = address_of(path);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        fail(path, "the socket cannot be made", errno);
    }
    // Nobody can connect before listen(), so that the umask's mode is never in force.
    if (::chmod(path.c_str(), mode) != 0) fail(path, "its mode cannot be set", errno);
    if (::listen(fd.get(), backlog) != 0) fail(path, "it cannot be listened on", errno);
    return fd.release();
}

}  // namespace peerpress::server
