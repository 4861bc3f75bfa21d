#include "accel/model/channel.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace peerpress::accel::model {
namespace {

using vfio_user::header;

error_code last_error() {
    return {errno, boost::system::system_category()};
}

error_code protocol_error() {
    return {EPROTO, boost::system::system_category()};
}

// Bytes read before the peer closed: all of them, or fewer.
result<std::size_t> receive_all(int socket, void* at, std::size_t bytes) {
    std::size_t done = 0;
    while (done < bytes) {
        const ssize_t got = recv(socket, static_cast<char*>(at) + done, bytes - done, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return last_error();
        if (got == 0) break;
        done += static_cast<std::size_t>(got);
    }
    return done;
}

void take_descriptors(msghdr& message, std::vector<io::unique_fd>& descriptors) {
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t index = 0; index < count; ++index) {
            int descriptor = -1;
            std::memcpy(&descriptor, CMSG_DATA(part) + index * sizeof(int), sizeof(int));
            descriptors.emplace_back(descriptor);
        }
    }
}

// Descriptors come with the first bytes of a message.
result<std::size_t> receive_header(int socket, header& header,
                                   std::vector<io::unique_fd>& descriptors) {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(vfio_user::descriptors_max * sizeof(int))> control;
    iovec part{&header, sizeof header};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    ssize_t got = 0;
    do {
        got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got < 0) return last_error();
    take_descriptors(message, descriptors);
    if ((message.msg_flags & MSG_CTRUNC) != 0) return protocol_error();
    if (got == 0) return 0;
    const auto first = static_cast<std::size_t>(got);
    const auto rest =
        receive_all(socket, reinterpret_cast<char*>(&header) + first, sizeof header - first);
    if (rest.has_error()) return rest.error();
    return first + *rest;
}

}  // namespace

result<std::optional<vfio_user::request>> channel::receive() {
    vfio_user::request request;
    const auto got = receive_header(socket_.get(), request.header, request.descriptors);
    if (got.has_error()) return got.error();
    if (*got == 0) return std::nullopt;
    const std::size_t bytes = request.header.bytes;
    if (*got < sizeof(header) || bytes < sizeof(header) ||
        bytes > sizeof(header) + vfio_user::payload_bytes_max) {
        return protocol_error();
    }
    request.payload.resize(bytes - sizeof(header));
    const auto payload = receive_all(socket_.get(), request.payload.data(), request.payload.size());
    if (payload.has_error()) return payload.error();
    if (*payload < request.payload.size()) return protocol_error();
    return request;
}

result<void> channel::send(const header& answered, const vfio_user::reply& reply) {
    if ((answered.flags & vfio_user::flag::no_reply) != 0) return {};
    header head{.id = answered.id,
                .type = answered.type,
                .bytes = static_cast<std::uint32_t>(sizeof(header) + reply.payload.size()),
                .flags = vfio_user::flag::reply | (reply.error ? vfio_user::flag::error : 0),
                .error = static_cast<std::uint32_t>(reply.error)};
    std::array<iovec, 2> parts{
        {{&head, sizeof head},
         {const_cast<std::byte*>(reply.payload.data()), reply.payload.size()}}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    if (reply.descriptor >= 0) {
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        cmsghdr* part = CMSG_FIRSTHDR(&message);
        part->cmsg_level = SOL_SOCKET;
        part->cmsg_type = SCM_RIGHTS;
        part->cmsg_len = CMSG_LEN(sizeof(int));
        std::memcpy(CMSG_DATA(part), &reply.descriptor, sizeof(int));
    }
    // Replies are a few bytes, and a blocking socket takes them whole; a part of one is an error.
    ssize_t sent = 0;
    do {
        sent = sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0) return last_error();
    if (static_cast<std::uint32_t>(sent) != head.bytes) return protocol_error();
    return {};
}

}  // namespace peerpress::accel::model
