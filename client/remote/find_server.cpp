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

[[noreturn]] void refuse(const std::string& message) {
    constexpr auto reason = jobs::reason::invalid_argument;
    throw server_error({reason, message}, jobs::exit_code(reason), false);
}

tls_files tls_of(const server_choice& choice) {
    tls_files tls = choice.tls;
    if (!tls.given())
        tls = {.ca = environment("PEERPRESS_TLS_CA"),
               .certificate = environment("PEERPRESS_TLS_CERT"),
               .key = environment("PEERPRESS_TLS_KEY")};
    if (tls.given() && !tls.complete())
        refuse(
            "--tls-ca, --tls-cert and --tls-key (or PEERPRESS_TLS_CA, _CERT and _KEY) go "
            "together: both sides show certificates");
    return tls;
}

// What a server that ends a handshake tells us is that the connection is closed.
[[noreturn]] void rethrow_with_hint(const server_error& error) {
    throw server_error(
        {error.problem().reason,
         error.problem().message + "; where it listens, it did not accept this certificate, or the "
                                   "port is not its listen.tls"},
        error.exit_code(), error.lost());
}

found_server connect_to(const std::string& given, const server_choice& choice) {
    auto address = parse_server_address(given, std::filesystem::current_path().string());
    if (!address)
        refuse(fmt::format(
            "'{}' is no server's address: unix:PATH, an absolute path or HOST:PORT is", given));
    if (address->is_local() && choice.tls.given())
        refuse("--tls-ca, --tls-cert and --tls-key are for a server at HOST:PORT");
    const tls_files tls = address->is_local() ? tls_files{} : tls_of(choice);
    address->files_are_there = choice.files_are_there;
    found_server found{.connection = std::make_shared<server_connection>(*address, tls),
                       .info = {},
                       .named = true};
    try {
        found.info = found.connection->info();
    } catch (const server_error& error) {
        if (!tls.given() || !error.lost()) throw;
        rethrow_with_hint(error);
    }
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
    if (named.empty() && (choice.tls.given() || choice.files_are_there))
        refuse("--tls-ca and --on-server need a server: --server HOST:PORT");
    return named.empty() ? connect_to_default() : connect_to(named, choice);
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
