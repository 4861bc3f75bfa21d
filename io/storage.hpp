// The storage seam: bytes at offsets, whatever holds them. The pipeline knows storages only; files,
// pipes, gRPC streams, raw block devices and fakes stand behind it.
#pragma once

#include "io/asio.hpp"
#include "io/bytes.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace peerpress::io {

// What direct I/O asks of addresses, offsets and lengths; 1 where there is no demand.
struct alignment {
    std::uint32_t memory_bytes = 1;
    std::uint32_t offset_bytes = 1;
};

struct storage_traits {
    // Known for regular files and devices only; grows with what is written here.
    std::optional<std::uint64_t> size_bytes;
    bool fixed_size = false;      // a device: no more than size_bytes, truncate does nothing
    bool seekable = true;         // false: offsets must follow one another (pipe, stream)
    bool direct = false;          // O_DIRECT: nothing of it stays in the page cache
    std::string buffered_reason;  // why it is not direct, in words; empty where it is
    io::alignment alignment;
};

class storage {
public:
    virtual ~storage() = default;

    virtual const storage_traits& traits() const = 0;

    // Reads until `into` is full or the storage ends, and returns the bytes read. Short transfers,
    // EAGAIN and EINTR are resumed inside. Offset and `into` (address and length) follow
    // traits().alignment; the bytes returned need not be a multiple of it at the end. Throws
    // system_error.
    virtual awaitable<std::size_t> read(std::uint64_t offset_bytes, bytes_span into) = 0;

    // Writes all of `from`. Same alignment rules; a caller pads the last piece and truncates
    // afterwards.
    virtual awaitable<> write(std::uint64_t offset_bytes, bytes_view from) = 0;

    // Sets the exact size. A no-op on what is not seekable, or of fixed size.
    virtual awaitable<> truncate(std::uint64_t size_bytes) = 0;

    // Makes data and size durable. Never repeated by anyone after an error: a second fsync may
    // falsely succeed.
    virtual awaitable<> sync() = 0;
};

}  // namespace peerpress::io
