#include "accel/model/dma_table.hpp"

#include "accel/model/vfio_user.hpp"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <iterator>
#include <limits>

namespace peerpress::accel::model {
namespace {

// A mapping that reaches beyond its file would end the device at the first access there.
bool lies_in(const io::unique_fd& file, const dma_table::range& range) {
    struct stat status{};
    if (fstat(file.get(), &status) != 0 || status.st_size < 0) return false;
    const auto file_bytes = static_cast<std::uint64_t>(status.st_size);
    return range.file_offset <= file_bytes && range.bytes <= file_bytes - range.file_offset;
}

}  // namespace

int dma_table::map(const range& range, const io::unique_fd& file) {
    if (range.bytes == 0 ||
        range.bytes - 1 > std::numeric_limits<std::uint64_t>::max() - range.address) {
        return EINVAL;
    }
    if (ranges_.size() >= vfio_user::dma_maps_max) return ENOSPC;
    if (overlaps(range)) return EEXIST;
    mapping made{.bytes = range.bytes, .writable = range.writable};
    if (file) {
        if (!lies_in(file, range)) return EINVAL;
        const int protection = PROT_READ | (range.writable ? PROT_WRITE : 0);
        void* at = mmap(nullptr, range.bytes, protection, MAP_SHARED, file.get(),
                        static_cast<off_t>(range.file_offset));
        if (at == MAP_FAILED) return errno;
        made.memory = static_cast<std::byte*>(at);
    }
    ranges_.emplace(range.address, made);
    return 0;
}

bool dma_table::overlaps(const range& range) const {
    const auto next = ranges_.lower_bound(range.address);
    if (next != ranges_.end() && next->first - range.address < range.bytes) return true;
    if (next == ranges_.begin()) return false;
    const auto before = std::prev(next);
    return range.address - before->first < before->second.bytes;
}

void dma_table::unmap(std::uint64_t address, std::uint64_t bytes) {
    for (auto at = ranges_.lower_bound(address); at != ranges_.end();) {
        const std::uint64_t distance = at->first - address;
        if (distance >= bytes || at->second.bytes > bytes - distance) break;
        at = remove(at);
    }
}

void dma_table::clear() {
    for (auto at = ranges_.begin(); at != ranges_.end();) at = remove(at);
}

dma_table::mappings::iterator dma_table::remove(mappings::iterator at) {
    if (at->second.memory != nullptr) munmap(at->second.memory, at->second.bytes);
    return ranges_.erase(at);
}

std::optional<bytes_span> dma_table::find(std::uint64_t address, std::uint64_t bytes,
                                          access wanted) const {
    auto at = ranges_.upper_bound(address);
    if (at == ranges_.begin()) return std::nullopt;
    --at;
    const mapping& found = at->second;
    const std::uint64_t offset = address - at->first;
    if (offset >= found.bytes || bytes > found.bytes - offset || found.memory == nullptr) {
        return std::nullopt;
    }
    if (wanted == access::write && !found.writable) return std::nullopt;
    return bytes_span(found.memory + offset, bytes);
}

}  // namespace peerpress::accel::model
