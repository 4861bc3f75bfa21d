// peerpress-opend: opens, makes, names and removes files for peerpressd's jobs, as their users.
#include "roles/channel.hpp"
#include "roles/opener_server.hpp"

#include <CLI/CLI.hpp>
#include <sys/socket.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <iostream>

namespace peerpress::roles {
namespace {

constexpr int backlog = 128;

// Nobody answers there any more: a killed process leaves its socket behind.
bool is_stale(const std::string& path) {
    try {
        connect_to(path);
        return false;
    } catch (const system_error& failed) {
        return failed.code() == boost::system::errc::connection_refused;
    }
}

io::unique_fd listen_at(const std::string& path) {
    const auto fail = [&path] {
        throw system_error{errno, boost::system::system_category(), path};
    };
    io::unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) fail();
    const sockaddr_un address = address_of(path);
    const auto* const to = reinterpret_cast<const sockaddr*>(&address);
    const mode_t before = ::umask(0177);
    int bound = ::bind(fd.get(), to, sizeof address);
    if (bound != 0 && errno == EADDRINUSE && is_stale(path) && ::unlink(path.c_str()) == 0)
        bound = ::bind(fd.get(), to, sizeof address);
    ::umask(before);
    if (bound != 0 || ::listen(fd.get(), backlog) != 0) fail();
    return fd;
}

// The one systemd passes, or one at `path`.
io::unique_fd listening_socket(const std::string& path) {
    const int count = sd_listen_fds(1);
    if (count == 1 && sd_is_socket_unix(SD_LISTEN_FDS_START, SOCK_STREAM, 1, nullptr, 0) > 0)
        return io::unique_fd(SD_LISTEN_FDS_START);
    if (count != 0)
        throw std::runtime_error("one Unix stream socket is taken of systemd (ListenStream=/path)");
    if (path.empty()) throw std::runtime_error("name the socket to listen on: --socket PATH");
    return listen_at(path);
}

opener_server* to_stop = nullptr;

void stop_at_signal(int) {
    to_stop->stop();
}

void serve(const std::string& path, bool no_root) {
    std::signal(SIGPIPE, SIG_IGN);
    opener_server server(
        listening_socket(path),
        {.release = PEERPRESS_VERSION, .no_root = no_root, .log = [](const std::string& line) {
             std::cerr << "peerpress-opend: " + line + "\n";
         }});
    to_stop = &server;
    std::signal(SIGTERM, stop_at_signal);
    std::signal(SIGINT, stop_at_signal);
    sd_notify(0, "READY=1");
    server.run();
}

int run(int argc, char** argv) {
    CLI::App app{"Opens, makes, names and removes files for peerpressd's jobs, as their users.",
                 "peerpress-opend"};
    std::string path;
    bool no_root = false;
    app.set_help_flag("--help,-h", "print this and exit");
    app.set_version_flag("--version", "peerpress-opend " PEERPRESS_VERSION,
                         "print the version and exit");
    app.add_option("--socket", path, "Unix socket to listen on, unless systemd passes one")
        ->type_name("PATH");
    app.add_flag("--no-root", no_root, "act for users other than root alone");
    app.footer(
        "Serves processes of its own user alone: peerpressd, where roles.opener names the socket.\n"
        "TERM and INT end it; jobs that it served are run again.");
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        std::cout << app.help();
        return 0;
    } catch (const CLI::CallForVersion& said) {
        std::cout << said.what() << '\n';
        return 0;
    }
    serve(path, no_root);
    return 0;
}

}  // namespace
}  // namespace peerpress::roles

int main(int argc, char** argv) {
    try {
        return peerpress::roles::run(argc, argv);
    } catch (const std::exception& error) {
        std::cerr << "peerpress-opend: " << error.what() << '\n';
        return 1;
    }
}
