// One descriptor as the kernel serves it: transfers may be short, refused for now (EAGAIN) or
// interrupted (EINTR). io/file makes whole transfers of them; tests put a scripted one in its
// place.
#pragma once

#include "io/asio.hpp"
#include "io/bytes.hpp"
#include "io/unique_fd.hpp"
#include "io/uring.hpp"

#include <cstdint>
#include <memory>

namespace peerpress::io {

class raw_file {
public:
    virtual ~raw_file() = default;

    // Errors are returned, not thrown: the frequent ones are no failures, only a reason to ask
    // again.
    virtual awaitable<result<std::size_t>> read_some(std::uint64_t offset_bytes,
                                                     bytes_span into) = 0;
    virtual awaitable<result<std::size_t>> write_some(std::uint64_t offset_bytes,
                                                      bytes_view from) = 0;
    // After EAGAIN: waits until asking again makes sense.
    virtual awaitable<error_code> ready(readiness readiness) = 0;
    // Makes room, and the file as long. Not everything can.
    virtual awaitable<error_code> allocate(std::uint64_t /*offset_bytes*/,
                                           std::uint64_t /*length_bytes*/) {
        co_return make_error_code(boost::system::errc::operation_not_supported);
    }
    virtual awaitable<error_code> sync() = 0;

    virtual result<std::uint64_t> size() = 0;
    virtual error_code truncate(std::uint64_t size_bytes) = 0;
    // Takes O_DIRECT away.
    virtual error_code make_buffered() = 0;
};

// Borrows the ring.
std::unique_ptr<raw_file> make_raw_file(uring& ring, unique_fd fd);

}  // namespace peerpress::io
