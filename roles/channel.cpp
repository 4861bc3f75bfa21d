#include "roles/channel.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace peerpress::roles {
namespace {

struct frame_head {
    std::uint32_t body_bytes = 0;
    std::uint16_t kind = 0;
    std::uint16_t descriptors = 0;
    std::uint64_t call = 0;
};
static_assert(sizeof(frame_head) == 16);

using control_buffer = std::array<char, CMSG_SPACE(sizeof(int) * descriptors_max)>;

system_error last_error(const char* what) {
    return {errno, boost::system::system_category(), what};
}

void attach(msghdr& header, control_buffer& control, const std::vector<io::unique_fd>& sent) {
    std::array<int, descriptors_max> numbers{};
    std::ranges::transform(sent, numbers.begin(), [](const auto& fd) { return fd.get(); });
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(sizeof(int) * sent.size());
    cmsghdr* const part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int) * sent.size());
    std::memcpy(CMSG_DATA(part), numbers.data(), sizeof(int) * sent.size());
}

void take_descriptors(msghdr& header, std::deque<io::unique_fd>& into) {
    for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr;
         part = CMSG_NXTHDR(&header, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t index = 0; index < count; ++index) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(part) + index * sizeof(int), sizeof(int));
            into.emplace_back(fd);
        }
    }
}

}  // namespace

channel::channel(asio::any_io_executor executor, io::unique_fd connected)
    : socket_(std::move(executor), asio::local::stream_protocol(), connected.get()) {
    connected.release();
    socket_.non_blocking(true);
}

void channel::send(frame sent) {
    if (sent.content.body.size() > body_bytes_max ||
        sent.content.descriptors.size() > descriptors_max)
        throw wire_error("a message that is too large to be sent");
    if (ended_) return;
    const frame_head head{
        .body_bytes = static_cast<std::uint32_t>(sent.content.body.size()),
        .kind = static_cast<std::uint16_t>(sent.kind),
        .descriptors = static_cast<std::uint16_t>(sent.content.descriptors.size()),
        .call = sent.call};
    outgoing made;
    made.bytes.resize(sizeof head);
    std::memcpy(made.bytes.data(), &head, sizeof head);
    made.bytes.insert(made.bytes.end(), sent.content.body.begin(), sent.content.body.end());
    made.descriptors = std::move(sent.content.descriptors);
    outgoing_.push_back(std::move(made));
    // At once, where there is room: whoever closes behind an answer means it to arrive.
    while (!pumping_ && !outgoing_.empty() && send_some(outgoing_.front()))
        if (outgoing_.front().sent_bytes == outgoing_.front().bytes.size()) outgoing_.pop_front();
    if (!outgoing_.empty() && !ended_ && !std::exchange(pumping_, true))
        asio::co_spawn(socket_.get_executor(), pump(shared_from_this()), asio::detached);
}

awaitable<> channel::pump(std::shared_ptr<channel> self) {
    constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);
    while (!self->ended_ && !self->outgoing_.empty()) {
        outgoing& first = self->outgoing_.front();
        if (self->send_some(first)) {
            if (first.sent_bytes == first.bytes.size()) self->outgoing_.pop_front();
            continue;
        }
        if (self->ended_) break;
        co_await self->socket_.async_wait(asio::socket_base::wait_write, as_tuple);
    }
    self->outgoing_.clear();
    self->pumping_ = false;
}

// False where it has to wait, or has ended.
bool channel::send_some(outgoing& first) {
    iovec piece{first.bytes.data() + first.sent_bytes, first.bytes.size() - first.sent_bytes};
    msghdr header{};
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    alignas(cmsghdr) control_buffer control{};
    if (!first.descriptors.empty()) attach(header, control, first.descriptors);
    const ssize_t sent = ::sendmsg(socket_.native_handle(), &header, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
        first.sent_bytes += static_cast<std::size_t>(sent);
        first.descriptors.clear();
        return true;
    }
    if (errno != EAGAIN && errno != EINTR) close();
    return errno == EINTR;
}

// 0 where it has to wait.
std::size_t channel::receive_some(std::byte* into, std::size_t bytes) {
    iovec piece{into, bytes};
    msghdr header{};
    alignas(cmsghdr) control_buffer control{};
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const ssize_t got =
        ::recvmsg(socket_.native_handle(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
    if (got < 0) throw last_error("recvmsg");
    take_descriptors(header, received_);
    if ((header.msg_flags & MSG_CTRUNC) != 0)
        throw system_error{EMFILE, boost::system::system_category(), "recvmsg"};
    if (received_.size() > descriptors_max) throw wire_error("more descriptors than are taken");
    if (got == 0) throw system_error{asio::error::eof};
    return static_cast<std::size_t>(got);
}

awaitable<> channel::fill(std::byte* into, std::size_t bytes) {
    while (bytes > 0) {
        if (ended_) throw system_error{asio::error::operation_aborted};
        const std::size_t got = receive_some(into, bytes);
        into += got;
        bytes -= got;
        if (got == 0)
            co_await socket_.async_wait(asio::socket_base::wait_read, asio::use_awaitable);
    }
}

// Head and body are read apart, so that no bytes, and no descriptors, of the next frame come along.
awaitable<frame> channel::receive() {
    const auto self = shared_from_this();
    frame_head head;
    co_await fill(reinterpret_cast<std::byte*>(&head), sizeof head);
    if (head.body_bytes > body_bytes_max || head.descriptors != received_.size() ||
        head.kind > static_cast<std::uint16_t>(message_kind_last))
        throw wire_error("a frame of no known form");
    frame got{.kind = static_cast<message_kind>(head.kind), .call = head.call, .content = {}};
    std::ranges::move(received_, std::back_inserter(got.content.descriptors));
    received_.clear();
    got.content.body.resize(head.body_bytes);
    co_await fill(got.content.body.data(), got.content.body.size());
    if (!received_.empty()) throw wire_error("descriptors in the middle of a frame");
    co_return got;
}

void channel::close() {
    ended_ = true;
    error_code ignored;
    socket_.close(ignored);
}

bool channel::finish(std::chrono::milliseconds wait_max) {
    if (ended_) return true;
    ended_ = true;
    error_code ignored;
    socket_.cancel(ignored);
    socket_.shutdown(asio::socket_base::shutdown_send, ignored);
    const auto deadline = std::chrono::steady_clock::now() + wait_max;
    bool closed = false;
    for (auto left = wait_max; !closed && left.count() > 0;
         left = std::chrono::duration_cast<std::chrono::milliseconds>(
             deadline - std::chrono::steady_clock::now())) {
        pollfd waiting{.fd = socket_.native_handle(), .events = POLLIN, .revents = 0};
        if (::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) continue;
        std::array<char, 4096> unread;
        const ssize_t got =
            ::recv(socket_.native_handle(), unread.data(), unread.size(), MSG_DONTWAIT);
        closed = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
    }
    socket_.close(ignored);
    return closed;
}

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        throw system_error{ENAMETOOLONG, boost::system::system_category(), path};
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    return address;
}

io::unique_fd connect_to(const std::string& path) {
    const sockaddr_un address = address_of(path);
    io::unique_fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd ||
        ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        throw last_error(path.c_str());
    return fd;
}

}  // namespace peerpress::roles
