// Slots in a device's memory (Linux p2pmem): NVMe SSDs read into them and write out of them without
// the host's memory seeing a byte.
//
// Each slot is a mapping of its own: only what one mmap returns is contiguous on the bus. The pool
// that the kernel carves them from is shared with the kernel itself and with other programs; what
// is mapped here is ours until it is unmapped and the last transfer into it has ended.
#pragma once

#include "io/asio.hpp"
#include "io/slot_memory.hpp"
#include "io/topology/obstacle.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace peerpress::io {

struct p2pmem_request {
    std::string allocate_path;  // topology::allocate_path()
    std::string label;          // of the provider, for people: "nvme2 (0000:03:00.0)"
    std::uint32_t slots = 24;
    std::uint32_t slots_min = 24;  // what to make do with where the pool has no more
    std::size_t slot_bytes = 1 << 20;
};

class p2pmem_slots final : public slot_memory {
public:
    // Throws system_error with the kernel's errno; explain_p2pmem() puts it into words.
    explicit p2pmem_slots(const p2pmem_request& request);
    p2pmem_slots(const p2pmem_slots&) = delete;
    p2pmem_slots& operator=(const p2pmem_slots&) = delete;
    ~p2pmem_slots() override;

    std::uint32_t slots() const override { return static_cast<std::uint32_t>(slots_.size()); }
    std::size_t slot_bytes() const override { return slot_bytes_; }
    bytes_span slot(std::uint32_t index) const override { return slots_.at(index); }
    const std::string& kind() const override { return kind_; }
    bool on_device() const override { return true; }

private:
    void unmap();

    std::size_t slot_bytes_;
    std::string kind_;
    std::vector<bytes_span> slots_;
};

// Why the slots could not be had, and the way out.
topology::finding explain_p2pmem(error_code failed, const p2pmem_request& request);

// Whether a direct transfer to or from p2pmem failed because the kernel cannot, or will not, route
// it. No other reason makes an aligned transfer fail so.
bool means_no_route(error_code failed);

}  // namespace peerpress::io
