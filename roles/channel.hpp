// A connected Unix stream socket that carries messages with descriptors.
//
// A frame is a head of 16 bytes (bytes of the body, kind, descriptors, call) and the body;
// descriptors go with its first byte. Frames are bounded in bytes and descriptors, and what breaks
// the form ends the connection.
//
// send() queues; frames leave in order. receive() is for one reader at a time. Either end's failure
// ends both directions. Shared with the operations it has under way. Single executor.
#pragma once

#include "io/asio.hpp"
#include "roles/opener_messages.hpp"

#include <sys/un.h>

#include <chrono>
#include <deque>
#include <memory>

namespace peerpress::roles {

struct frame {
    message_kind kind = message_kind::answer;
    std::uint64_t call = 0;
    message content = {};
};

// A page of a walk has 256 names, which may be long; a group that is sealed has 128 files.
inline constexpr std::size_t body_bytes_max = 16 << 20;
// Twice what a batch of opened files takes.
inline constexpr std::size_t descriptors_max = 64;

class channel : public std::enable_shared_from_this<channel> {
public:
    channel(asio::any_io_executor executor, io::unique_fd connected);

    // Throws wire_error for what is beyond the bounds. Nothing is sent once the connection ended.
    void send(frame sent);

    // Throws system_error (eof where the other end closed), or wire_error.
    awaitable<frame> receive();

    void close();
    // Sends nothing more and waits, blocking, until the other end has closed as well: what it holds
    // for us is gone then. False where that took longer.
    bool finish(std::chrono::milliseconds wait_max);

private:
    struct outgoing {
        std::vector<std::byte> bytes;
        std::vector<io::unique_fd> descriptors;
        std::size_t sent_bytes = 0;
    };

    static awaitable<> pump(std::shared_ptr<channel> self);
    bool send_some(outgoing& first);
    std::size_t receive_some(std::byte* into, std::size_t bytes);
    awaitable<> fill(std::byte* into, std::size_t bytes);

    asio::local::stream_protocol::socket socket_;
    std::deque<outgoing> outgoing_;
    std::deque<io::unique_fd> received_;
    bool pumping_ = false;
    bool ended_ = false;
};

// Of a Unix socket. Both throw system_error.
sockaddr_un address_of(const std::string& path);
io::unique_fd connect_to(const std::string& path);

}  // namespace peerpress::roles
