#include "io/p2pmem_slots.hpp"

#include "io/topology/explain.hpp"
#include "io/unique_fd.hpp"

#include <fcntl.h>
#include <sys/mman.h>

#include <cassert>
#include <cerrno>

namespace peerpress::io {

namespace {

[[noreturn]] void fail(const char* what) {
    throw system_error{errno, boost::system::system_category(), what};
}

// The kernel accepts no other offset, and no private mapping.
void* map(const unique_fd& allocate, std::size_t bytes) {
    return ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, allocate.get(), 0);
}

}  // namespace

p2pmem_slots::p2pmem_slots(const p2pmem_request& request)
    : slot_bytes_(request.slot_bytes), kind_("p2pmem of " + request.label) {
    assert(request.slots_min > 0 && request.slots_min <= request.slots);
    assert(request.slot_bytes > 0 && request.slot_bytes % 4096 == 0);
    const unique_fd allocate(::open(request.allocate_path.c_str(), O_RDWR | O_CLOEXEC));
    if (!allocate) fail("open");

    slots_.reserve(request.slots);
    while (slots_.size() < request.slots) {
        void* const at = map(allocate, slot_bytes_);
        if (at == MAP_FAILED) {
            const error_code failed{errno, boost::system::system_category()};
            const bool enough = slots_.size() >= request.slots_min;
            if (enough && failed == boost::system::errc::not_enough_memory) break;
            unmap();
            throw system_error{failed, "mmap"};
        }
        slots_.emplace_back(static_cast<std::byte*>(at), slot_bytes_);
    }
}

p2pmem_slots::~p2pmem_slots() {
    unmap();
}

void p2pmem_slots::unmap() {
    for (const bytes_span slot : slots_) ::munmap(slot.data(), slot.size());
    slots_.clear();
}

topology::finding explain_p2pmem(error_code failed, const p2pmem_request& request) {
    namespace errc = boost::system::errc;
    using topology::obstacle;
    if (failed == errc::permission_denied || failed == errc::operation_not_permitted)
        return {obstacle::no_permission, "this user may not open " + request.allocate_path,
                "run as root, or give a group the file by a udev rule"};
    if (failed == errc::not_enough_memory)
        return {obstacle::provider_exhausted,
                request.label + " has no " +
                    topology::format_bytes(request.slots_min * request.slot_bytes) +
                    " of p2pmem left in " + std::to_string(request.slots_min) + " pieces of " +
                    topology::format_bytes(request.slot_bytes),
                "end other users of it, take smaller or fewer buffers, or name another provider"};
    if (failed == errc::no_such_file_or_directory || failed == errc::no_such_device ||
        failed == errc::no_such_device_or_address)
        return {obstacle::no_provider, request.label + " offers no p2pmem (any more)",
                "name a device that does: `peerpress devices` lists them"};
    return {obstacle::provider_unreadable,
            "the p2pmem of " + request.label + " cannot be mapped: " + failed.message(),
            "look at the kernel's messages: dmesg | grep -i p2p"};
}

// EINVAL is what Linux 7.x says, EREMOTEIO what its block layer says elsewhere, and EFAULT what
// pinning pages says where a disk does not take p2pmem at all.
bool means_no_route(error_code failed) {
    return failed == boost::system::errc::invalid_argument ||
           failed == boost::system::errc::bad_address ||
           failed == error_code{EREMOTEIO, boost::system::system_category()};
}

}  // namespace peerpress::io
