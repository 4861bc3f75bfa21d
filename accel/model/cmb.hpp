// The device's own memory: an unnamed file, so that QEMU can map it into the guest and a host's
// SSDs reach it without a message. Sparse: what was never written takes no room.
#pragma once

#include "io/bytes.hpp"
#include "io/unique_fd.hpp"

#include <cstdint>

namespace peerpress::accel::model {

class cmb {
public:
    explicit cmb(std::uint64_t bytes);  // throws system_error
    cmb(const cmb&) = delete;
    cmb& operator=(const cmb&) = delete;
    ~cmb();

    int descriptor() const { return file_.get(); }
    bytes_span bytes() const { return bytes_; }

private:
    io::unique_fd file_;
    bytes_span bytes_;
};

// Linux passes over a smaller one without a message, and takes no part of 2 MiB.
inline constexpr std::uint64_t cmb_bytes_min = 2 << 20;
inline constexpr std::uint64_t cmb_bytes_max = std::uint64_t{1} << 36;
// A BAR's size is a power of two.
constexpr bool is_cmb_size(std::uint64_t bytes) {
    return bytes >= cmb_bytes_min && bytes <= cmb_bytes_max && (bytes & (bytes - 1)) == 0;
}

}  // namespace peerpress::accel::model
