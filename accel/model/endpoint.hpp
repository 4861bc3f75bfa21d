// The device as vfio-user shows it: what each message means to the parts, and the reply to it. The
// caller holds the parts' lock.
//
// Messages come from the machine emulator, and most of what they carry is the guest's: every
// offset, size and number is checked, and what does not fit is answered with an errno.
#pragma once

#include "accel/model/parts.hpp"
#include "accel/model/vfio_user.hpp"

#include <cstdint>

namespace peerpress::accel::model {

class endpoint {
public:
    explicit endpoint(parts& parts) : parts_(parts) {}

    vfio_user::reply handle(vfio_user::request& request);

private:
    vfio_user::reply version(const vfio_user::request& request);
    vfio_user::reply map_dma(const vfio_user::request& request);
    vfio_user::reply unmap_dma(const vfio_user::request& request);
    vfio_user::reply describe_device();
    vfio_user::reply describe_region(const vfio_user::request& request);
    vfio_user::reply describe_irq(const vfio_user::request& request);
    vfio_user::reply set_irqs(vfio_user::request& request);
    vfio_user::reply read_region(const vfio_user::request& request);
    vfio_user::reply write_region(const vfio_user::request& request);
    vfio_user::reply reset();

    void read_registers(std::uint64_t offset, bytes_span into);
    bool write_registers(std::uint64_t offset, bytes_view bytes);
    void function_level_reset();
    std::uint64_t region_bytes(std::uint32_t index) const;

    parts& parts_;
};

}  // namespace peerpress::accel::model
