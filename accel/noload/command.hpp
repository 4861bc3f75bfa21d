// The device's commands (docs/command-set.md) as NVMe takes them, and what its answers mean: pure
// functions. The layout itself is in wire.hpp, which the device model shares.
#pragma once

#include "accel/device_engine.hpp"
#include "io/nvme_passthrough.hpp"

#include <cstdint>

namespace peerpress::accel::noload {

io::nvme_command compress_command(const member_request& request);
io::nvme_command decompress_command(const member_data_request& request);
// Decodes the member that `made` tells of, where it lies, and writes nothing.
io::nvme_command check_command(const member_request& request, const member_made& made);
// Of the whole span.
io::nvme_command checksum_command(bytes_span span);

// What a command that succeeded returns.
struct answer {
    std::uint32_t bytes = 0;
    std::uint32_t crc32 = 0;
};
answer parse_answer(std::uint64_t value);

// None for success; codec_errc for what the data are to blame for, else io::nvme_errc.
error_code meaning_of(std::uint32_t nvme_status);

}  // namespace peerpress::accel::noload
