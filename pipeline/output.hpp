// The target of one transfer: packs what it is given in order, writes it, and leaves the exact size
// behind. Without a target it only counts.
#pragma once

#include "io/storage.hpp"
#include "pipeline/layout.hpp"
#include "pipeline/packer.hpp"
#include "pipeline/transfer.hpp"

#include <cstdint>

namespace peerpress::pipeline {

class output {
public:
    output(io::storage* target, transfer_progress& progress);

    // Called by the chunk whose turn it is; see packer for `scratch` and `last`.
    extent place(bytes_view data, bytes_span scratch, bool last = false);
    bytes_span room(bytes_span scratch) const { return packer_.room(scratch); }

    awaitable<> write(extent piece);
    // The same, and passes the caller's turn: at once, except that what cannot seek is written in
    // order.
    awaitable<> write(extent piece, layout& order);

    // Everything placed has been written: writes what is left over, sets the size.
    awaitable<> finish();

    bool in_order() const { return in_order_; }
    std::uint32_t block_bytes() const { return block_bytes_; }
    std::uint64_t bytes() const { return packer_.bytes(); }

private:
    io::storage* target_;
    transfer_progress& progress_;
    bool in_order_;
    std::uint32_t block_bytes_;
    packer packer_;
};

}  // namespace peerpress::pipeline
