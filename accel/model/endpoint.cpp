#include "accel/model/endpoint.hpp"

#include "accel/model/fields.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>
#include <string_view>

namespace peerpress::accel::model {
namespace {

using vfio_user::message_type;
using vfio_user::reply;
using vfio_user::request;
namespace region = vfio_user::region;
namespace irq = vfio_user::irq;
namespace dma = vfio_user::dma;

reply refused(int error) {
    return {.error = error};
}

// Of several writes in one message there is no word: QEMU would send them, and take no reply.
constexpr std::string_view capabilities =
    R"({"capabilities":{"max_msg_fds":16,"max_data_xfer_size":1048576,)"
    R"("max_dma_maps":65535,"pgsizes":4096}})";
static_assert(vfio_user::descriptors_max == 16 && vfio_user::transfer_bytes_max == 1048576 &&
              vfio_user::dma_maps_max == 65535);

// The fields that REGION_READ and REGION_WRITE begin with, and their replies repeat.
struct access_fields {
    std::uint64_t offset = 0;
    std::uint32_t region = 0;
    std::uint32_t bytes = 0;
};
access_fields take_access(field_reader& fields) {
    access_fields access;
    access.offset = fields.take<std::uint64_t>();
    access.region = fields.take<std::uint32_t>();
    access.bytes = fields.take<std::uint32_t>();
    return access;
}
field_writer repeat(const access_fields& access) {
    field_writer reply;
    reply.put(access.offset).put(access.region).put(access.bytes);
    return reply;
}

}  // namespace

reply endpoint::handle(request& request) {
    switch (static_cast<message_type>(request.header.type)) {
        case message_type::version:
            return version(request);
        case message_type::dma_map:
            return map_dma(request);
        case message_type::dma_unmap:
            return unmap_dma(request);
        case message_type::device_info:
            return describe_device();
        case message_type::region_info:
            return describe_region(request);
        case message_type::irq_info:
            return describe_irq(request);
        case message_type::set_irqs:
            return set_irqs(request);
        case message_type::region_read:
            return read_region(request);
        case message_type::region_write:
            return write_region(request);
        case message_type::device_reset:
            return reset();
    }
    return refused(ENOTSUP);
}

// --- what there is

reply endpoint::version(const request& request) {
    field_reader fields(request.payload);
    const auto major = fields.take<std::uint16_t>();
    const auto minor = fields.take<std::uint16_t>();
    if (!fields.complete() || major != 0) return refused(EINVAL);
    parts_.trace.event("connected");
    field_writer reply;
    reply.put(major).put(minor).put_bytes(std::as_bytes(std::span(capabilities)));
    return {.payload = reply.put(std::uint8_t{0}).done()};
}

reply endpoint::describe_device() {
    return {.payload = field_writer()
                           .put(std::uint32_t{16})
                           .put(vfio_user::device_flag::pci | vfio_user::device_flag::reset)
                           .put(region::count)
                           .put(irq::count)
                           .done()};
}

std::uint64_t endpoint::region_bytes(std::uint32_t index) const {
    if (index == region::bar0) return bar0_bytes;
    if (index == region::bar2) return parts_.cmb.bytes().size();
    if (index == region::config) return config_bytes;
    return 0;
}

reply endpoint::describe_region(const request& request) {
    field_reader fields(request.payload);
    fields.take<std::uint64_t>();  // argsz, flags
    const auto index = fields.take<std::uint32_t>();
    if (!fields.complete() || index >= region::count) return refused(EINVAL);
    const std::uint64_t bytes = region_bytes(index);
    const bool is_cmb = index == region::bar2;
    std::uint32_t flags = bytes > 0 ? region::readable | region::writable : 0;
    if (is_cmb) flags |= region::mappable;
    return {.payload = field_writer()
                           .put(std::uint32_t{32})
                           .put(flags)
                           .put(index)
                           .put(std::uint32_t{0})  // no list of capabilities
                           .put(bytes)
                           .put(std::uint64_t{0})  // where in the file
                           .done(),
            .descriptor = is_cmb ? parts_.cmb.descriptor() : -1};
}

reply endpoint::describe_irq(const request& request) {
    field_reader fields(request.payload);
    fields.take<std::uint64_t>();  // argsz, flags
    const auto index = fields.take<std::uint32_t>();
    if (!fields.complete() || index >= irq::count) return refused(EINVAL);
    const std::uint32_t vectors = index == irq::msix ? parts_.interrupts.count() : 0;
    return {
        .payload =
            field_writer().put(std::uint32_t{16}).put(irq::eventfd).put(index).put(vectors).done()};
}

// --- memory of the guest

reply endpoint::map_dma(const request& request) {
    field_reader fields(request.payload);
    fields.take<std::uint32_t>();  // argsz
    const auto flags = fields.take<std::uint32_t>();
    const auto offset = fields.take<std::uint64_t>();
    const auto address = fields.take<std::uint64_t>();
    const auto bytes = fields.take<std::uint64_t>();
    if (!fields.complete() || request.descriptors.size() > 1) return refused(EINVAL);
    static const io::unique_fd none;
    return refused(parts_.memory.map({.address = address,
                                      .bytes = bytes,
                                      .file_offset = offset,
                                      .writable = (flags & dma::writable) != 0},
                                     request.descriptors.empty() ? none : request.descriptors[0]));
}

reply endpoint::unmap_dma(const request& request) {
    field_reader fields(request.payload);
    fields.take<std::uint32_t>();  // argsz
    const auto flags = fields.take<std::uint32_t>();
    const auto address = fields.take<std::uint64_t>();
    const auto bytes = fields.take<std::uint64_t>();
    if (!fields.complete()) return refused(EINVAL);
    if ((flags & dma::unmap_all) != 0) {
        parts_.memory.clear();
    } else {
        parts_.memory.unmap(address, bytes);
    }
    return {.payload = request.payload};
}

// --- interrupts

reply endpoint::set_irqs(request& request) {
    field_reader fields(request.payload);
    fields.take<std::uint32_t>();  // argsz
    const auto flags = fields.take<std::uint32_t>();
    const auto index = fields.take<std::uint32_t>();
    const auto start = fields.take<std::uint32_t>();
    const auto count = fields.take<std::uint32_t>();
    const std::uint32_t vectors = parts_.interrupts.count();
    if (!fields.complete() || index >= irq::count) return refused(EINVAL);
    if (index != irq::msix || (flags & irq::action_trigger) == 0) return {};
    if ((flags & irq::data_none) != 0 && count == 0) {
        parts_.interrupts.disable();
        return {};
    }
    if ((flags & irq::data_eventfd) == 0) return refused(EINVAL);
    if (start > vectors || count > vectors - start || request.descriptors.size() > count) {
        return refused(EINVAL);
    }
    // A vector for which no file came is taken away.
    for (std::uint32_t i = 0; i < count; ++i) {
        const bool given = i < request.descriptors.size();
        parts_.interrupts.assign(start + i,
                                 given ? std::move(request.descriptors[i]) : io::unique_fd());
    }
    return {};
}

// --- the regions

reply endpoint::read_region(const request& request) {
    field_reader fields(request.payload);
    const access_fields access = take_access(fields);
    const std::uint64_t size = region_bytes(access.region);
    if (!fields.complete() || access.bytes > vfio_user::transfer_bytes_max ||
        access.offset > size || access.bytes > size - access.offset) {
        return refused(EINVAL);
    }
    std::vector<std::byte> data(access.bytes);
    if (access.region == region::config) {
        parts_.config.read(static_cast<std::uint32_t>(access.offset), data);
    } else if (access.region == region::bar0) {
        read_registers(access.offset, data);
    } else {
        std::ranges::copy(parts_.cmb.bytes().subspan(access.offset, access.bytes), data.begin());
    }
    return {.payload = repeat(access).put_bytes(data).done()};
}

reply endpoint::write_region(const request& request) {
    field_reader fields(request.payload);
    const access_fields access = take_access(fields);
    const bytes_view data = fields.rest();
    const std::uint64_t size = region_bytes(access.region);
    if (!fields.complete() || access.offset > size || access.bytes > size - access.offset ||
        data.size() != access.bytes) {
        return refused(EINVAL);
    }
    if (access.region == region::config) {
        const auto offset = static_cast<std::uint32_t>(access.offset);
        if (parts_.config.write(offset, data)) function_level_reset();
    } else if (access.region == region::bar0) {
        if (!write_registers(access.offset, data)) return refused(EINVAL);
    } else {
        std::ranges::copy(data, parts_.cmb.bytes().begin() + access.offset);
    }
    return {.payload = repeat(access).done()};
}

// Registers are words of 32 bits; what reaches over several, or into the middle of one, is made of
// them. The MSI-X table is QEMU's, and reads as zero here.
void endpoint::read_registers(std::uint64_t offset, bytes_span into) {
    for (std::size_t i = 0; i < into.size(); ++i) {
        const auto at = static_cast<std::uint32_t>(offset + i);
        const std::uint32_t word = at < doorbells_offset ? parts_.controller.read(at & ~3u) : 0;
        into[i] = static_cast<std::byte>(word >> 8 * (at % 4));
    }
}

bool endpoint::write_registers(std::uint64_t offset, bytes_view bytes) {
    if (offset % 4 != 0 || bytes.size() % 4 != 0 || bytes.size() > 8) return false;
    for (std::size_t i = 0; i < bytes.size(); i += 4) {
        const auto at = static_cast<std::uint32_t>(offset + i);
        if (at < msix_table_offset) {
            parts_.controller.write(at, noload::load_field<std::uint32_t>(bytes, i));
        }
    }
    return true;
}

// --- resets

// The configuration stays: a function level reset does not take the BARs from where Linux will look
// for them.
void endpoint::function_level_reset() {
    parts_.controller.reset();
    parts_.trace.event("function level reset");
    parts_.changed.notify_all();
}

reply endpoint::reset() {
    parts_.controller.reset();
    parts_.config.reset();
    parts_.trace.event("reset");
    parts_.changed.notify_all();
    return {};
}

}  // namespace peerpress::accel::model
