#include "client/remote/find_server.hpp"

#include "io/unique_fd.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace peerpress::client {
namespace {

std::string environment(const char* name) {
    const char* const value = std::getenv(name);
    return value == nullptr ? "" : value;
}

// A listener is there: cheaper than to let gRPC find out that there is none.
bool somebody_listens(const std::string& path) {
    sockaddr_un address{};
    if (path.size() >= sizeof address.sun_path) return false;
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    const io::unique_fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    return socket && ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address),
                               sizeof address) == 0;
}

found_server connect_to(const std::string& given) {
    const auto address = parse_server_address(given, std::filesystem::current_path().string());
    if (!address) {
        const jobs::problem problem{
            jobs::reason::invalid_argument,
            fmt::format("'{}' is no server's address: unix:PATH, an absolute path or HOST:PORT is",
                        given)};
        throw server_error(problem, jobs::exit_code(problem.reason), false);
    }
    found_server found{
        .connection = std::make_shared<server_connection>(*address), .info = {}, .named = true};
    found.info = found.connection->info();
    return found;
}

found_server connect_to_default() {
    for (const std::string& path : default_sockets(environment("XDG_RUNTIME_DIR"))) {
        if (!somebody_listens(path)) continue;
        try {
            const auto address = parse_server_address(path, "/");
            found_server found{.connection = std::make_shared<server_connection>(*address),
                               .info = {},
                               .named = false};
            found.info = found.connection->info(std::chrono::seconds(2));
            if (!found.info.draining()) return found;
        } catch (const server_error&) {
            // Nobody asked for this one: what does not answer is not there.
        }
    }
    return {};
}

}  // namespace

found_server find_server(const server_choice& choice) {
    if (choice.in_process) return {};
    const std::string named =
        choice.address.empty() ? environment("PEERPRESS_SERVER") : choice.address;
    return named.empty() ? connect_to_default() : connect_to(named);
}

found_server require_server(const server_choice& choice) {
    found_server found = find_server(choice);
    if (found.connection) return found;
    std::string tried;
    for (const std::string& path : default_sockets(environment("XDG_RUNTIME_DIR"))) {
        tried += (tried.empty() ? "" : " or ") + path;
    }
    throw server_error(
        {jobs::reason::io_error,
         fmt::format("no server answers at {}: start peerpressd, or name one with --server",
                     tried)},
        jobs::exit_no_server, true);
}

}  // namespace peerpress::client
