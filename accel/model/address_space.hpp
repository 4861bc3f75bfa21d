// Where a bus address leads: into the device's own CMB, or into the guest's memory.
//
// The CMB is where BAR2 says. The base address that a host writes into CMBMSC has to be the same,
// or it counts for nothing: Linux sets it to 0 for a moment where the BAR could not be placed, and
// must not have guest memory taken for the CMB; and it does not repeat it after a function level
// reset, when addresses of the CMB go on being used.
#pragma once

#include "accel/model/cmb.hpp"
#include "accel/model/dma_table.hpp"
#include "accel/model/pci_config.hpp"

#include <cstdint>
#include <optional>

namespace peerpress::accel::model {

struct place {
    bytes_span bytes;
    bool in_cmb = false;
    std::uint64_t at = 0;  // offset in the CMB, or the bus address
};

class address_space {
public:
    address_space(const cmb& cmb, const pci_config& config, const dma_table& memory)
        : cmb_(cmb), config_(config), memory_(memory) {}

    std::optional<place> find(std::uint64_t address, std::uint64_t bytes, access wanted) const;

    std::uint64_t cmb_address() const { return config_.cmb_address(); }
    std::uint64_t cmb_bytes() const { return cmb_.bytes().size(); }

private:
    const cmb& cmb_;
    const pci_config& config_;
    const dma_table& memory_;
};

}  // namespace peerpress::accel::model
