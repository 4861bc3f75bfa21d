// PCI configuration space of the device: an NVMe controller (class 01 08 02) with two 64-bit BARs,
// registers in BAR0 and the CMB in BAR2, and the capabilities Power Management, MSI-X and PCI
// Express with function level reset.
//
// QEMU hands every write on, so that masks are kept here: a bit that is not named writable stays as
// it is.
#pragma once

#include "io/bytes.hpp"

#include <array>
#include <cstdint>

namespace peerpress::accel::model {

inline constexpr std::uint32_t config_bytes = 4096;
inline constexpr std::uint16_t pci_vendor_id = 0x1234;  // nobody's: QEMU's own for such devices
inline constexpr std::uint16_t pci_device_id = 0x5070;

// BAR0: registers, doorbells, then the MSI-X table and pending bits, which QEMU keeps itself.
inline constexpr std::uint32_t bar0_bytes = 0x4000;
inline constexpr std::uint32_t doorbells_offset = 0x1000;
inline constexpr std::uint32_t msix_table_offset = 0x2000;
inline constexpr std::uint32_t msix_pending_offset = 0x3000;

class pci_config {
public:
    // Vectors of MSI-X; bytes of BAR2, a power of two.
    pci_config(std::uint16_t vectors, std::uint64_t cmb_bytes);

    // Precondition of both: within config_bytes.
    void read(std::uint32_t offset, bytes_span into) const;
    // True where the write asks for a function level reset, which is the caller's to do.
    bool write(std::uint32_t offset, bytes_view bytes);

    void reset();  // as at power-on: no BAR is placed

    bool memory_enabled() const;
    std::uint64_t cmb_address() const;  // what BAR2 says

private:
    void put(std::uint32_t offset, std::uint32_t value, std::uint32_t bytes);
    void put_writable(std::uint32_t offset, std::uint32_t mask, std::uint32_t bytes);
    void describe(std::uint16_t vectors, std::uint64_t cmb_bytes);

    std::array<std::byte, config_bytes> bytes_{};
    std::array<std::byte, config_bytes> writable_{};
    std::array<std::byte, config_bytes> at_power_on_{};
};

}  // namespace peerpress::accel::model
