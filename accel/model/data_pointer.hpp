// A command's data pointer, followed to where its bytes lie: PRPs or an SGL, with all their lists.
//
// Nothing the guest wrote is believed: each list and each page has to be memory that the device can
// reach, a walk ends after a bounded number of entries, and a list that is malformed is an error
// of NVMe's.
#pragma once

#include "accel/model/address_space.hpp"
#include "accel/model/nvme.hpp"

#include <cstdint>
#include <vector>

namespace peerpress::accel::model {

// In the order of the data; neighbours that are contiguous are one.
using places = std::vector<place>;

struct resolved {
    std::uint16_t status = nvme::status::success;
    model::places places{};
};

// The first `bytes` of what the pointer describes. An SGL may describe more, and none less.
resolved resolve(const address_space& space, const nvme::submission_entry& entry,
                 std::uint64_t bytes, access wanted);

// The part of them from `offset` on. Precondition: they hold so much.
places part_of(const places& all, std::uint64_t offset, std::uint64_t bytes);

std::uint64_t bytes_of(const places& all);
bool lies_in_cmb(const places& all);
void gather(const places& from, bytes_span into);   // the sizes are the same
void scatter(bytes_view from, const places& into);  // the places may hold more

}  // namespace peerpress::accel::model
