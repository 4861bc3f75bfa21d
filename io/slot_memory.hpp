// Where a staging pool's slots lie: so many pieces of memory of one size, each contiguous and on a
// page's boundary, all there from construction to destruction.
#pragma once

#include "io/bytes.hpp"
#include "io/host_memory.hpp"

#include <cstddef>
#include <cstdint>
#include <string>

namespace peerpress::io {

class slot_memory {
public:
    virtual ~slot_memory() = default;

    virtual std::uint32_t slots() const = 0;
    virtual std::size_t slot_bytes() const = 0;  // of each; a multiple of 4096
    virtual bytes_span slot(std::uint32_t index) const = 0;

    // "huge pages (2 MiB)", "p2pmem of nvme2 (0000:03:00.0)".
    virtual const std::string& kind() const = 0;
    // A device's memory: each load by a processor is a round trip over PCIe, and what goes through
    // it no longer goes from peer to peer. Nobody reads or writes it but devices.
    virtual bool on_device() const = 0;
};

// One piece of the host's memory, cut up.
class host_slots final : public slot_memory {
public:
    // Throws system_error (ENOMEM).
    host_slots(std::uint32_t slots, std::size_t slot_bytes);

    std::uint32_t slots() const override { return slots_; }
    std::size_t slot_bytes() const override { return slot_bytes_; }
    bytes_span slot(std::uint32_t index) const override;
    const std::string& kind() const override { return page_kind_name(memory_.kind()); }
    bool on_device() const override { return false; }

private:
    std::uint32_t slots_;
    std::size_t slot_bytes_;
    host_memory memory_;
};

}  // namespace peerpress::io
