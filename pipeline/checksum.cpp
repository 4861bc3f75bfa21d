#include "pipeline/checksum.hpp"

#include <zlib.h>

namespace peerpress::pipeline {

void running_checksum::append(std::uint32_t checksum, std::uint64_t length_bytes) {
    const auto length = static_cast<z_off_t>(length_bytes);
    value_ = static_cast<std::uint32_t>(kind_ == accel::checksum_kind::adler32
                                            ? adler32_combine(value_, checksum, length)
                                            : crc32_combine(value_, checksum, length));
    bytes_ += length_bytes;
}

}  // namespace peerpress::pipeline
