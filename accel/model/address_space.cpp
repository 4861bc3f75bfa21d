#include "accel/model/address_space.hpp"

namespace peerpress::accel::model {

std::optional<place> address_space::find(std::uint64_t address, std::uint64_t bytes,
                                         access wanted) const {
    const std::uint64_t base = config_.cmb_address();
    const bytes_span cmb = cmb_.bytes();
    if (config_.memory_enabled() && base != 0 && address >= base && address - base < cmb.size()) {
        const std::uint64_t offset = address - base;
        if (bytes > cmb.size() - offset) return std::nullopt;
        return place{.bytes = cmb.subspan(offset, bytes), .in_cmb = true, .at = offset};
    }
    const auto memory = memory_.find(address, bytes, wanted);
    if (!memory) return std::nullopt;
    return place{.bytes = *memory, .in_cmb = false, .at = address};
}

}  // namespace peerpress::accel::model
