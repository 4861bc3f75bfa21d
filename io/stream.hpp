// A pipe, a socket, a terminal, or a file used like one: bytes follow one another, and offsets only
// say so.
#pragma once

#include "io/raw_file.hpp"
#include "io/storage.hpp"

#include <memory>

namespace peerpress::io {

class stream final : public storage {
public:
    stream(std::unique_ptr<raw_file> file, storage_traits traits);

    const storage_traits& traits() const override { return traits_; }

    awaitable<std::size_t> read(std::uint64_t offset_bytes, bytes_span into) override;
    awaitable<> write(std::uint64_t offset_bytes, bytes_view from) override;
    awaitable<> truncate(std::uint64_t size_bytes) override;
    awaitable<> sync() override;

private:
    std::unique_ptr<raw_file> file_;
    storage_traits traits_;
    // Where the next one must start.
    std::uint64_t read_position_ = 0;
    std::uint64_t write_position_ = 0;
};

}  // namespace peerpress::io
