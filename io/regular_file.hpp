// A file with offsets, direct or buffered. Whole transfers of whatever pieces the kernel makes of
// them.
#pragma once

#include "io/raw_file.hpp"
#include "io/storage.hpp"

#include <memory>

namespace peerpress::io {

class regular_file final : public storage {
public:
    // `may_fall_back`: to buffered transfers, where the kernel refuses a direct one.
    // `makes_room`: ahead of direct writes (caching::direct_gapless).
    regular_file(std::unique_ptr<raw_file> file, storage_traits traits, bool may_fall_back,
                 bool makes_room = false);

    const storage_traits& traits() const override { return traits_; }

    awaitable<std::size_t> read(std::uint64_t offset_bytes, bytes_span into) override;
    awaitable<> write(std::uint64_t offset_bytes, bytes_view from) override;
    awaitable<> truncate(std::uint64_t size_bytes) override;
    awaitable<> sync() override;

private:
    // Makes room for a write up to `end_bytes`, and for those that follow it.
    awaitable<> make_room(std::uint64_t end_bytes);
    void check_alignment(std::uint64_t offset_bytes, bytes_view memory) const;
    // Where the next round of a transfer starts of which `done_bytes` are done.
    std::size_t resume_at(std::size_t done_bytes, bool direct) const;
    bool at_end(std::uint64_t offset_bytes, bool direct);
    // A file system may take O_DIRECT at open and refuse the transfer. True where that was it, and
    // the transfer may go on, buffered.
    bool fell_back(error_code ec, bool& direct);

    std::unique_ptr<raw_file> file_;
    storage_traits traits_;
    bool may_fall_back_;
    bool makes_room_;           // until the file system refuses
    bool making_room_ = false;  // one call at a time
};

}  // namespace peerpress::io
