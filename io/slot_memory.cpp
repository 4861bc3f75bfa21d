#include "io/slot_memory.hpp"

#include <cassert>

namespace peerpress::io {

host_slots::host_slots(std::uint32_t slots, std::size_t slot_bytes)
    : slots_(slots), slot_bytes_(slot_bytes), memory_(slot_bytes * slots) {
    assert(slots > 0 && slot_bytes % 4096 == 0);
}

bytes_span host_slots::slot(std::uint32_t index) const {
    assert(index < slots_);
    return memory_.bytes().subspan(std::size_t{index} * slot_bytes_, slot_bytes_);
}

}  // namespace peerpress::io
