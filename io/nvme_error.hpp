// What an NVMe controller says of a command that failed: status code type and status code, as one
// number (SCT << 8 | SC), in an error category of its own.
#pragma once

#include "io/asio.hpp"

#include <cstdint>
#include <string>

namespace peerpress::io {

// A completion's status field holds more than its code: where to retry (CRD), More, and Do Not
// Retry.
inline constexpr std::uint32_t nvme_status_code_mask = 0x07ff;
inline constexpr std::uint32_t nvme_do_not_retry = 0x4000;

// The codes that Peerpress tells apart; any other is kept as its number.
enum class nvme_errc {
    invalid_opcode = 0x001,
    invalid_field = 0x002,
    data_transfer_error = 0x004,
    aborted_power_loss = 0x005,
    internal = 0x006,
    abort_requested = 0x007,
    aborted_queue_deleted = 0x008,
    invalid_namespace = 0x00b,
    command_interrupted = 0x021,
    transient_transport_error = 0x022,
    namespace_not_ready = 0x082,
    // SCT 3, of which Linux makes these itself.
    host_path_error = 0x370,
    host_aborted = 0x371,
};

const boost::system::error_category& nvme_category();
error_code make_error_code(nvme_errc errc);

// None for success.
error_code nvme_error(std::uint32_t status);

}  // namespace peerpress::io

template <>
struct boost::system::is_error_code_enum<peerpress::io::nvme_errc> : std::true_type {};
