// The vfio-user protocol, as far as a PCI device that serves QEMU needs it: messages on a Unix
// socket, each a header of 16 bytes and a payload, descriptors beside it. Numbers are those of the
// protocol, and of Linux's <linux/vfio.h> where it takes them over. All are in the byte order of
// the host, which is little-endian like the device.
#pragma once

#include "io/unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace peerpress::accel::model::vfio_user {

enum class message_type : std::uint16_t {
    version = 1,
    dma_map = 2,
    dma_unmap = 3,
    device_info = 4,
    region_info = 5,
    irq_info = 7,
    set_irqs = 8,
    region_read = 9,
    region_write = 10,
    device_reset = 13,
};

struct header {
    std::uint16_t id = 0;
    std::uint16_t type = 0;   // message_type
    std::uint32_t bytes = 0;  // of the message, this header included
    std::uint32_t flags = 0;
    std::uint32_t error = 0;  // errno, in replies
};
static_assert(sizeof(header) == 16);

namespace flag {
inline constexpr std::uint32_t type_mask = 0xf;  // 0: a command
inline constexpr std::uint32_t reply = 1;
inline constexpr std::uint32_t no_reply = 1u << 4;
inline constexpr std::uint32_t error = 1u << 5;
}  // namespace flag

// Limits that the device announces, and holds its peer to.
inline constexpr std::size_t descriptors_max = 16;
inline constexpr std::uint32_t transfer_bytes_max = 1 << 20;
inline constexpr std::size_t dma_maps_max = 65'535;
inline constexpr std::size_t payload_bytes_max = transfer_bytes_max + 4096;

namespace device_flag {
inline constexpr std::uint32_t reset = 1u << 0;
inline constexpr std::uint32_t pci = 1u << 1;
}  // namespace device_flag

namespace region {
inline constexpr std::uint32_t bar0 = 0;
inline constexpr std::uint32_t bar2 = 2;
inline constexpr std::uint32_t config = 7;
inline constexpr std::uint32_t count = 9;
inline constexpr std::uint32_t readable = 1u << 0;
inline constexpr std::uint32_t writable = 1u << 1;
inline constexpr std::uint32_t mappable = 1u << 2;
}  // namespace region

namespace irq {
inline constexpr std::uint32_t msix = 2;
inline constexpr std::uint32_t count = 5;
inline constexpr std::uint32_t eventfd = 1u << 0;  // how an interrupt may be delivered
// Of SET_IRQS.
inline constexpr std::uint32_t data_none = 1u << 0;
inline constexpr std::uint32_t data_eventfd = 1u << 2;
inline constexpr std::uint32_t action_trigger = 1u << 5;
}  // namespace irq

namespace dma {
inline constexpr std::uint32_t readable = 1u << 0;
inline constexpr std::uint32_t writable = 1u << 1;
inline constexpr std::uint32_t unmap_all = 1u << 1;  // of DMA_UNMAP
}  // namespace dma

struct request {
    vfio_user::header header;
    std::vector<std::byte> payload;
    std::vector<io::unique_fd> descriptors;
};

struct reply {
    int error = 0;  // errno
    std::vector<std::byte> payload{};
    int descriptor = -1;  // borrowed from the device
};

}  // namespace peerpress::accel::model::vfio_user
