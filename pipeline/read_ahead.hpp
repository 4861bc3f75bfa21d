// A storage as a sequence of bytes, read ahead in aligned windows while earlier ones are used.
//
// Windows are private memory, not staging slots: a transfer that held slots for reading and waited
// for more to decode into could deadlock with another that does the same. Their sum is bounded by
// window_bytes and the count that a look-ahead of `peek_bytes_max` needs, and by the source's size
// where it is known. Single executor: no member is thread-safe. The reads are workers of the
// transfer, joined with it.
#pragma once

#include "io/bytes.hpp"
#include "io/event.hpp"
#include "io/storage.hpp"
#include "pipeline/aligned_memory.hpp"
#include "pipeline/workers.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <vector>

namespace peerpress::pipeline {

class read_ahead {
public:
    // 8 in flight keep a disk busy; small enough that a file of one window costs little.
    static constexpr std::uint32_t window_bytes = 256 << 10;
    static constexpr std::uint32_t windows_min = 8;

    // Reads [start_bytes, end_bytes) of the source, or up to its end. Both outlive this object.
    read_ahead(workers& workers, io::storage& source, std::size_t peek_bytes_max,
               std::uint64_t start_bytes = 0, std::uint64_t end_bytes = ~std::uint64_t{0});

    // Copies the next bytes without taking them; fewer than asked for only at the end. Throws what
    // a read has thrown. Precondition: into.size() <= peek_bytes_max.
    awaitable<std::size_t> peek(bytes_span into);
    void skip(std::size_t bytes);  // of what was peeked

    std::uint64_t position() const { return position_bytes_; }
    // It is known that nothing follows; a source of unknown size shows it only when read.
    bool at_end() const { return position_bytes_ >= end_bytes_; }

private:
    struct window {
        aligned_memory memory;
        std::uint64_t offset_bytes = 0;
        std::size_t length_bytes = 0;  // read, once ready
        bool ready = false;
    };

    void start_reads();
    window& add_window();
    awaitable<> fill(window& into);

    workers& workers_;
    io::storage& source_;
    std::uint32_t block_bytes_;
    std::uint64_t position_bytes_;
    std::uint64_t end_bytes_;  // of the source, as far as it is known
    std::uint64_t next_read_bytes_;
    std::size_t size_bytes_;  // of one window
    std::size_t windows_max_;
    std::deque<window> windows_;  // in order, from the one that holds position_bytes_
    std::vector<window> free_;
    std::exception_ptr error_;
    io::event filled_;
};

}  // namespace peerpress::pipeline
