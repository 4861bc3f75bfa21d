// The checksum of data whose pieces are summed apart, and in any order.
#pragma once

#include "accel/accelerator.hpp"

#include <cstdint>

namespace peerpress::pipeline {

// The checksum of no data.
constexpr std::uint32_t initial_checksum(accel::checksum_kind kind) {
    return kind == accel::checksum_kind::adler32 ? 1 : 0;
}

class running_checksum {
public:
    explicit running_checksum(accel::checksum_kind kind)
        : kind_(kind), value_(initial_checksum(kind)) {}

    // The next piece: its own checksum and length.
    void append(std::uint32_t checksum, std::uint64_t length_bytes);

    accel::checksum_kind kind() const { return kind_; }
    std::uint32_t value() const { return value_; }
    std::uint64_t bytes() const { return bytes_; }

private:
    accel::checksum_kind kind_;
    std::uint32_t value_;
    std::uint64_t bytes_ = 0;
};

}  // namespace peerpress::pipeline
