#include "io/raw_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <tuple>
#include <utility>

namespace peerpress::io {

namespace {

error_code last_error() {
    return {errno, boost::system::system_category()};
}

class ring_file final : public raw_file {
public:
    ring_file(uring& ring, unique_fd fd) : ring_(ring), fd_(std::move(fd)) {}

    awaitable<result<std::size_t>> read_some(std::uint64_t offset_bytes, bytes_span into) override {
        const auto [ec, bytes] = co_await ring_.async_read(fd_.get(), into, offset_bytes, as_tuple);
        if (ec) co_return ec;
        co_return bytes;
    }

    awaitable<result<std::size_t>> write_some(std::uint64_t offset_bytes,
                                              bytes_view from) override {
        const auto [ec, bytes] =
            co_await ring_.async_write(fd_.get(), from, offset_bytes, as_tuple);
        if (ec) co_return ec;
        co_return bytes;
    }

    awaitable<error_code> ready(readiness readiness) override {
        const auto [ec] = co_await ring_.async_wait(fd_.get(), readiness, as_tuple);
        co_return ec;
    }

    awaitable<error_code> allocate(std::uint64_t offset_bytes,
                                   std::uint64_t length_bytes) override {
        const auto [ec] =
            co_await ring_.async_allocate(fd_.get(), offset_bytes, length_bytes, as_tuple);
        co_return ec;
    }

    awaitable<error_code> sync() override {
        const auto [ec] = co_await ring_.async_fsync(fd_.get(), false, as_tuple);
        co_return ec;
    }

    result<std::uint64_t> size() override {
        struct stat status{};
        if (::fstat(fd_.get(), &status) != 0) return last_error();
        return static_cast<std::uint64_t>(status.st_size);
    }

    // Not through the ring: it has no such operation before Linux 6.9, and a file is truncated
    // once.
    error_code truncate(std::uint64_t size_bytes) override {
        if (::ftruncate(fd_.get(), static_cast<off_t>(size_bytes)) != 0) return last_error();
        return {};
    }

    error_code make_buffered() override {
        const int flags = ::fcntl(fd_.get(), F_GETFL);
        if (flags < 0 || ::fcntl(fd_.get(), F_SETFL, flags & ~O_DIRECT) != 0) return last_error();
        return {};
    }

private:
    static constexpr auto as_tuple = asio::as_tuple(asio::deferred);

    uring& ring_;
    unique_fd fd_;
};

}  // namespace

std::unique_ptr<raw_file> make_raw_file(uring& ring, unique_fd fd) {
    return std::make_unique<ring_file>(ring, std::move(fd));
}

}  // namespace peerpress::io
