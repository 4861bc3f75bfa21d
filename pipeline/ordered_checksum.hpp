// The CRC-32 of pieces that are done in any order, joined in theirs.
#pragma once

#include "pipeline/checksum.hpp"

#include <cstdint>
#include <map>

namespace peerpress::pipeline {

class ordered_checksum {
public:
    // Piece `index`, counted from 0 without gaps; once each.
    void add(std::uint64_t index, std::uint32_t crc32, std::uint64_t length_bytes) {
        waiting_.emplace(index, piece{crc32, length_bytes});
        for (auto next = waiting_.find(next_); next != waiting_.end();
             next = waiting_.find(++next_)) {
            sum_.append(next->second.crc32, next->second.length_bytes);
            waiting_.erase(next);
        }
    }

    // Of the pieces that have come without a gap.
    std::uint32_t value() const { return sum_.value(); }
    std::uint64_t bytes() const { return sum_.bytes(); }

private:
    struct piece {
        std::uint32_t crc32 = 0;
        std::uint64_t length_bytes = 0;
    };
    running_checksum sum_{accel::checksum_kind::crc32};
    std::uint64_t next_ = 0;
    std::map<std::uint64_t, piece> waiting_;  // fewer than are under way
};

}  // namespace peerpress::pipeline
