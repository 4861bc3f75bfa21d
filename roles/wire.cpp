#include "roles/wire.hpp"

#include <fcntl.h>

#include <cerrno>

namespace peerpress::roles {

void writer::put_bytes(const void* data, std::size_t size) {
    const auto* const bytes = static_cast<const std::byte*>(data);
    made_.body.insert(made_.body.end(), bytes, bytes + size);
}

void writer::put(const std::string& text) {
    put(text.size());
    put_bytes(text.data(), text.size());
}

void writer::put(const io::unique_fd& fd) {
    put(static_cast<bool>(fd));
    if (!fd) return;
    io::unique_fd sent(::fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
    if (!sent) throw system_error{errno, boost::system::system_category(), "F_DUPFD"};
    made_.descriptors.push_back(std::move(sent));
}

void reader::need(std::uint64_t bytes) const {
    if (bytes > left_.size()) throw wire_error("a message that ends too early");
}

std::uint8_t reader::take_byte() {
    need(1);
    const auto byte = static_cast<std::uint8_t>(left_.front());
    left_ = left_.subspan(1);
    return byte;
}

std::uint64_t reader::take_integer() {
    std::uint64_t wide = 0;
    need(sizeof wide);
    std::memcpy(&wide, left_.data(), sizeof wide);
    left_ = left_.subspan(sizeof wide);
    return wide;
}

void reader::take(std::string& text) {
    const std::uint64_t bytes = take_integer();
    need(bytes);
    text.assign(reinterpret_cast<const char*>(left_.data()), bytes);
    left_ = left_.subspan(bytes);
}

void reader::take(io::unique_fd& fd) {
    bool there = false;
    take(there);
    fd = {};
    if (!there) return;
    if (descriptors_taken_ >= from_.descriptors.size())
        throw wire_error("a descriptor that did not come");
    fd = std::move(from_.descriptors[descriptors_taken_++]);
}

void reader::end() const {
    if (!left_.empty() || descriptors_taken_ != from_.descriptors.size())
        throw wire_error("a message that is longer than what it says");
}

}  // namespace peerpress::roles
