// Commands of one's own to an NVMe namespace, through its character device (/dev/ngXnY).
//
// Linux carries one data buffer per command and takes the direction of its transfer from the
// opcode's lowest bit. Vendor-specific commands need CAP_SYS_ADMIN at each submission, whoever
// opened the device.
#pragma once

#include "io/bytes.hpp"
#include "io/unique_fd.hpp"
#include "io/uring.hpp"

#include <linux/nvme_ioctl.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace peerpress::io {

// The dwords are the command's own; what is not named is zero.
struct nvme_command {
    std::uint8_t opcode = 0;
    std::uint32_t cdw2 = 0;
    std::uint32_t cdw3 = 0;
    std::uint32_t cdw10 = 0;
    std::uint32_t cdw11 = 0;
    std::uint32_t cdw12 = 0;
    std::uint32_t cdw13 = 0;
    std::uint32_t cdw14 = 0;
    std::uint32_t cdw15 = 0;
    bytes_span data{};             // borrowed until the command has completed
    std::uint32_t timeout_ms = 0;  // then the kernel aborts it; 0: the kernel's own limit
};

// As the ring takes it.
nvme_uring_cmd to_uring_command(const nvme_command& command, std::uint32_t namespace_id);

class nvme_passthrough {
public:
    // Owns the descriptor; the ring (with commands) outlives this object and all it has sent.
    nvme_passthrough(uring& ring, unique_fd device, std::uint32_t namespace_id);

    // Throws system_error with the errno of a command that never reached the controller, or was
    // lost with it. A status of the controller's is no error here (nvme_error() makes one).
    awaitable<command_result> send(nvme_command command);

    std::uint32_t namespace_id() const { return namespace_id_; }

private:
    uring& ring_;
    unique_fd device_;
    std::uint32_t namespace_id_;
};

// Identify, by an ioctl that waits for the controller.
using nvme_identify_data = std::array<std::byte, 4096>;
enum class nvme_identify_kind : std::uint32_t { of_namespace = 0, of_controller = 1 };
result<nvme_identify_data> identify(int device, nvme_identify_kind kind,
                                    std::uint32_t namespace_id);

// The namespace behind the descriptor.
result<std::uint32_t> nvme_namespace_id(int device);

}  // namespace peerpress::io
