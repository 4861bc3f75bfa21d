#include "accel/model/data_pointer.hpp"

#include <algorithm>
#include <cassert>

namespace peerpress::accel::model {
namespace {

namespace status = nvme::status;

// Collects places until it has all the bytes that are wanted.
class collector {
public:
    collector(const address_space& space, std::uint64_t bytes, access wanted)
        : space_(space), wanting_(bytes), wanted_(wanted) {}

    std::uint64_t wanting() const { return wanting_; }

    // As many of these bytes as are still wanted. False: they cannot be reached.
    bool add(std::uint64_t address, std::uint64_t bytes) {
        bytes = std::min(bytes, wanting_);
        if (bytes == 0) return true;
        const auto found = space_.find(address, bytes, wanted_);
        if (!found) return false;
        append(*found);
        wanting_ -= bytes;
        return true;
    }

    resolved done() { return {.status = status::success, .places = std::move(places_)}; }

private:
    void append(const place& next) {
        if (!places_.empty()) {
            place& last = places_.back();
            if (last.in_cmb == next.in_cmb && last.at + last.bytes.size() == next.at &&
                last.bytes.data() + last.bytes.size() == next.bytes.data()) {
                last.bytes = {last.bytes.data(), last.bytes.size() + next.bytes.size()};
                return;
            }
        }
        places_.push_back(next);
    }

    const address_space& space_;
    std::uint64_t wanting_;
    access wanted_;
    places places_;
};

// --- PRPs: pages of 4 KiB, of which only the first may begin in the middle

// A list ends with its page; where more is wanted its last entry is the next list.
std::uint16_t walk_prp_list(const address_space& space, std::uint64_t list, collector& found) {
    while (found.wanting() > 0) {
        if (list % sizeof(std::uint64_t) != 0) return status::invalid_prp_offset;
        const std::uint64_t bytes = nvme::page_bytes - list % nvme::page_bytes;
        const auto entries = space.find(list, bytes, access::read);
        if (!entries) return status::data_transfer_error;
        for (std::uint64_t at = 0; at < bytes && found.wanting() > 0; at += 8) {
            const auto entry = noload::load_field<std::uint64_t>(entries->bytes, at);
            if (at + 8 == bytes && found.wanting() > nvme::page_bytes) {
                // A list of one entry could name itself for ever.
                if (bytes == 8 && entry % nvme::page_bytes != 0) return status::invalid_prp_offset;
                list = entry;
                break;
            }
            if (entry % nvme::page_bytes != 0) return status::invalid_prp_offset;
            if (!found.add(entry, nvme::page_bytes)) return status::data_transfer_error;
        }
    }
    return status::success;
}

std::uint16_t walk_prps(const address_space& space, const nvme::submission_entry& entry,
                        collector& found) {
    if (entry.prp1 % 4 != 0) return status::invalid_prp_offset;
    if (!found.add(entry.prp1, nvme::page_bytes - entry.prp1 % nvme::page_bytes)) {
        return status::data_transfer_error;
    }
    if (found.wanting() == 0) return status::success;
    if (found.wanting() > nvme::page_bytes) return walk_prp_list(space, entry.prp2, found);
    if (entry.prp2 % nvme::page_bytes != 0) return status::invalid_prp_offset;
    return found.add(entry.prp2, nvme::page_bytes) ? status::success : status::data_transfer_error;
}

// --- SGLs: descriptors of 16 bytes

struct descriptor {
    std::uint64_t address = 0;
    std::uint32_t bytes = 0;
    std::uint8_t type = 0;  // 7:4 type, 3:0 subtype
};
constexpr std::uint8_t data_block = 0x00;
constexpr std::uint8_t segment = 0x20;
constexpr std::uint8_t last_segment = 0x30;
constexpr std::size_t descriptor_bytes = 16;
// 1 MiB of pages is 256; a list far beyond it is an attack.
constexpr std::size_t descriptors_max = 4096;

descriptor load_descriptor(bytes_view at) {
    return {.address = noload::load_field<std::uint64_t>(at, 0),
            .bytes = noload::load_field<std::uint32_t>(at, 8),
            .type = noload::load_field<std::uint8_t>(at, 15)};
}

std::uint16_t add_block(const descriptor& block, collector& found) {
    if (block.type != data_block) return status::sgl_type_invalid;
    return found.add(block.address, block.bytes) ? status::success : status::data_transfer_error;
}

// Follows the segments. All descriptors of one are data, but the last of one that is not the last.
std::uint16_t walk_segments(const address_space& space, descriptor at, collector& found) {
    std::size_t seen = 0;
    while (at.type == segment || at.type == last_segment) {
        if (at.bytes == 0 || at.bytes % descriptor_bytes != 0) return status::invalid_sgl_segment;
        const std::size_t count = at.bytes / descriptor_bytes;
        seen += count;
        if (seen > descriptors_max) return status::invalid_sgl_count;
        const auto list = space.find(at.address, at.bytes, access::read);
        if (!list) return status::data_transfer_error;
        const std::size_t blocks = at.type == last_segment ? count : count - 1;
        for (std::size_t index = 0; index < blocks; ++index) {
            const auto block = load_descriptor(list->bytes.subspan(index * descriptor_bytes));
            if (const auto failed = add_block(block, found)) return failed;
        }
        if (at.type == last_segment) return status::success;
        at = load_descriptor(list->bytes.subspan(blocks * descriptor_bytes));
    }
    return status::invalid_sgl_segment;
}

std::uint16_t walk_sgl(const address_space& space, const nvme::submission_entry& entry,
                       collector& found) {
    std::array<std::byte, descriptor_bytes> bytes{};
    noload::store_field(bytes_span(bytes), 0, entry.prp1);
    noload::store_field(bytes_span(bytes), 8, entry.prp2);
    const descriptor first = load_descriptor(bytes);
    const std::uint16_t failed = first.type == data_block ? add_block(first, found)
                                 : first.type == segment || first.type == last_segment
                                     ? walk_segments(space, first, found)
                                     : status::sgl_type_invalid;
    if (failed) return failed;
    return found.wanting() == 0 ? status::success : status::sgl_length_invalid;
}

}  // namespace

resolved resolve(const address_space& space, const nvme::submission_entry& entry,
                 std::uint64_t bytes, access wanted) {
    collector found(space, bytes, wanted);
    const unsigned psdt = entry.flags >> nvme::psdt_shift;
    std::uint16_t failed = status::invalid_field;
    if (psdt == 0) failed = walk_prps(space, entry, found);
    if (psdt == 1 || psdt == 2) failed = walk_sgl(space, entry, found);
    if (failed) return {.status = failed};
    return found.done();
}

places part_of(const places& all, std::uint64_t offset, std::uint64_t bytes) {
    places part;
    for (const place& one : all) {
        if (bytes == 0) break;
        if (offset >= one.bytes.size()) {
            offset -= one.bytes.size();
            continue;
        }
        const std::uint64_t taken = std::min<std::uint64_t>(bytes, one.bytes.size() - offset);
        part.push_back({.bytes = one.bytes.subspan(offset, taken),
                        .in_cmb = one.in_cmb,
                        .at = one.at + offset});
        bytes -= taken;
        offset = 0;
    }
    assert(bytes == 0);
    return part;
}

std::uint64_t bytes_of(const places& all) {
    std::uint64_t bytes = 0;
    for (const place& one : all) bytes += one.bytes.size();
    return bytes;
}

bool lies_in_cmb(const places& all) {
    return std::ranges::all_of(all, &place::in_cmb);
}

void gather(const places& from, bytes_span into) {
    assert(bytes_of(from) == into.size());
    for (const place& one : from) {
        std::ranges::copy(one.bytes, into.begin());
        into = into.subspan(one.bytes.size());
    }
}

void scatter(bytes_view from, const places& into) {
    assert(bytes_of(into) >= from.size());
    for (const place& one : into) {
        const std::size_t bytes = std::min(one.bytes.size(), from.size());
        std::ranges::copy(from.first(bytes), one.bytes.begin());
        from = from.subspan(bytes);
    }
}

}  // namespace peerpress::accel::model
