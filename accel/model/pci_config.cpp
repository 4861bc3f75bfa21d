#include "accel/model/pci_config.hpp"

#include "accel/noload/wire.hpp"

#include <algorithm>
#include <cassert>

namespace peerpress::accel::model {
namespace {

// Offsets of the header.
constexpr std::uint32_t command = 0x04;
constexpr std::uint32_t bar0 = 0x10;
constexpr std::uint32_t bar2 = 0x18;
constexpr std::uint32_t subsystem = 0x2c;
constexpr std::uint32_t capabilities = 0x34;
constexpr std::uint32_t interrupt_line = 0x3c;

constexpr std::uint32_t power_management = 0x40;
constexpr std::uint32_t msix = 0x50;
constexpr std::uint32_t express = 0x60;
constexpr std::uint32_t device_control = express + 8;

constexpr std::uint16_t command_memory = 1u << 1;
constexpr std::uint16_t control_flr = 1u << 15;
constexpr std::uint32_t bar_64bit = 0x4;
constexpr std::uint32_t bar_prefetchable = 0x8;

}  // namespace

pci_config::pci_config(std::uint16_t vectors, std::uint64_t cmb_bytes) {
    describe(vectors, cmb_bytes);
    at_power_on_ = bytes_;
}

void pci_config::put(std::uint32_t offset, std::uint32_t value, std::uint32_t bytes) {
    for (std::uint32_t i = 0; i < bytes; ++i) {
        bytes_[offset + i] = static_cast<std::byte>(value >> 8 * i);
    }
}

void pci_config::put_writable(std::uint32_t offset, std::uint32_t mask, std::uint32_t bytes) {
    for (std::uint32_t i = 0; i < bytes; ++i) {
        writable_[offset + i] = static_cast<std::byte>(mask >> 8 * i);
    }
}

void pci_config::describe(std::uint16_t vectors, std::uint64_t cmb_bytes) {
    put(0x00, pci_vendor_id, 2);
    put(0x02, pci_device_id, 2);
    put(0x06, 0x0010, 2);      // status: there is a list of capabilities
    put(0x08, 0x01080201, 4);  // class 010802, revision 1
    put(subsystem, pci_vendor_id, 2);
    put(subsystem + 2, pci_device_id, 2);
    put(capabilities, power_management, 1);
    put_writable(command, 0x0547, 2);  // memory, bus master, parity, SERR, no INTx; I/O to be seen
    put_writable(0x0c, 0xff, 1);       // cache line size
    put_writable(interrupt_line, 0xff, 1);

    // A BAR's size shows in which of its bits can be written.
    put(bar0, bar_64bit, 4);
    put_writable(bar0, ~(bar0_bytes - 1), 4);
    put_writable(bar0 + 4, ~0u, 4);
    put(bar2, bar_64bit | bar_prefetchable, 4);
    put_writable(bar2, static_cast<std::uint32_t>(~(cmb_bytes - 1)), 4);
    put_writable(bar2 + 4, static_cast<std::uint32_t>(~(cmb_bytes - 1) >> 32), 4);

    put(power_management, 0x01, 1);
    put(power_management + 1, msix, 1);
    put(power_management + 2, 0x0003, 2);
    put_writable(power_management + 4, 0x0003, 2);  // the power state

    put(msix, 0x11, 1);
    put(msix + 1, express, 1);
    put(msix + 2, vectors - 1u, 2);
    put(msix + 4, msix_table_offset, 4);    // in BAR0
    put(msix + 8, msix_pending_offset, 4);  // in BAR0
    put_writable(msix + 2, 0xc000, 2);      // enable, mask all

    put(express, 0x10, 1);
    put(express + 2, 0x0002, 2);      // version 2, endpoint
    put(express + 4, 0x10008001, 4);  // function level reset, role-based errors, 256 bytes
    put_writable(device_control, 0x7fff, 2);
    put(express + 0x0c, 0x00000c11, 4);  // link: 2.5 GT/s, one lane, ASPM
    put(express + 0x12, 0x0011, 2);
}

void pci_config::read(std::uint32_t offset, bytes_span into) const {
    assert(offset <= config_bytes && into.size() <= config_bytes - offset);
    std::copy_n(bytes_.begin() + offset, into.size(), into.begin());
}

bool pci_config::write(std::uint32_t offset, bytes_view bytes) {
    assert(offset <= config_bytes && bytes.size() <= config_bytes - offset);
    bool asks_reset = false;
    for (std::uint32_t i = 0; i < bytes.size(); ++i) {
        const std::uint32_t at = offset + i;
        bytes_[at] = (bytes_[at] & ~writable_[at]) | (bytes[i] & writable_[at]);
        // Reads as 0, and acts at once.
        if (at == device_control + 1) {
            asks_reset = (bytes[i] & std::byte{control_flr >> 8}) != std::byte{0};
        }
    }
    return asks_reset;
}

void pci_config::reset() {
    bytes_ = at_power_on_;
}

bool pci_config::memory_enabled() const {
    return (noload::load_field<std::uint16_t>(bytes_, command) & command_memory) != 0;
}

std::uint64_t pci_config::cmb_address() const {
    return noload::load_field<std::uint64_t>(bytes_, bar2) & ~std::uint64_t{0xf};
}

}  // namespace peerpress::accel::model
