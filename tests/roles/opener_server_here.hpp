// An opener's server on a thread of this process, reached through a socket as any other.
#pragma once

#include "io/unique_fd.hpp"
#include "roles/channel.hpp"
#include "roles/opener_server.hpp"
#include "roles/remote_opener.hpp"
#include "tests/support/temp_dir.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace peerpress::roles {

class opener_server_here {
public:
    static constexpr const char* release = "test";

    explicit opener_server_here(opener_server_options options = {.release = release,
                                                                 .own_rights = true})
        : options_(std::move(options)) {
        ::chmod(directory_.path().c_str(), 0755);
        start();
    }
    ~opener_server_here() { stop(); }

    void start() {
        ::unlink(socket().c_str());
        io::unique_fd listening(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const sockaddr_un address = address_of(socket());
        if (::bind(listening.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
                0 ||
            ::chmod(socket().c_str(), 0666) != 0 || ::listen(listening.get(), 64) != 0)
            throw std::runtime_error("no socket at " + socket());
        opener_server_options options = options_;
        options.log = [this](const std::string& line) {
            const std::lock_guard lock(mutex_);
            said_.push_back(line);
        };
        server_.emplace(std::move(listening), std::move(options));
        thread_ = std::thread([this] { server_->run(); });
    }
    // All sessions end, as if the process had.
    void stop() {
        if (!server_) return;
        server_->stop();
        thread_.join();
        server_.reset();
    }

    std::string socket() const { return directory_ / "opener"; }
    remote_opener_options reached_by() const { return {.socket = socket(), .release = release}; }
    std::vector<std::string> said() const {
        const std::lock_guard lock(mutex_);
        return said_;
    }

private:
    test::temp_dir directory_{"/tmp"};  // the names of sockets are short
    opener_server_options options_;
    mutable std::mutex mutex_;
    std::vector<std::string> said_;
    std::optional<opener_server> server_;
    std::thread thread_;
};

}  // namespace peerpress::roles
