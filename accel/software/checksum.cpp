#include "accel/software/checksum.hpp"

#include <libdeflate.h>

namespace peerpress::accel::software {

std::uint32_t checksum_of(checksum_kind kind, std::uint32_t seed, bytes_view data) {
    if (data.empty())
        return seed;  // libdeflate takes a null pointer as the wish for an initial value
    return kind == checksum_kind::crc32 ? libdeflate_crc32(seed, data.data(), data.size())
                                        : libdeflate_adler32(seed, data.data(), data.size());
}

std::uint32_t checksum_of(checksum_kind kind, bytes_view data) {
    return checksum_of(kind, checksum_seed(kind), data);
}

}  // namespace peerpress::accel::software
