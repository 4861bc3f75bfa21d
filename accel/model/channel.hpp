// The connection to QEMU: whole messages in, replies out. One thread.
//
// An error of any kind ends the connection, and must end the device with it: QEMU goes on writing
// to a socket that it no longer reads, and each write would then stall the guest for seconds.
#pragma once

#include "accel/model/vfio_user.hpp"
#include "io/asio.hpp"

#include <optional>

namespace peerpress::accel::model {

class channel {
public:
    explicit channel(io::unique_fd socket) : socket_(std::move(socket)) {}

    int descriptor() const { return socket_.get(); }

    // The next message; none where the peer has gone. Fails with EPROTO for what is no message.
    result<std::optional<vfio_user::request>> receive();

    // Nothing is sent for a command that asks for no reply.
    result<void> send(const vfio_user::header& answered, const vfio_user::reply& reply);

private:
    io::unique_fd socket_;
};

}  // namespace peerpress::accel::model
