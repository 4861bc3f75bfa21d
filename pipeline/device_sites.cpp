#include "pipeline/device_sites.hpp"

#include "pipeline/chunk.hpp"

#include <algorithm>
#include <limits>

namespace peerpress::pipeline {
namespace {

// The smallest piece that devices of all kinds take, and what file systems allocate: smaller ones
// would have the kernel fill the rest of a block.
constexpr std::uint32_t device_block_bytes_min = 4096;

// Free slots below which none is set aside: chunks on their ordinary way need them more.
constexpr std::uint32_t spare_slots_min = 2;

double seconds_of(const site_load& site) {
    const double rate = site.bytes_per_second > 0 ? site.bytes_per_second : 1;
    return (site.taken_slots + 1) / rate;
}

bool better(const site_load& left, const site_load& right) {
    const bool left_free = left.free_slots > 0;
    const bool right_free = right.free_slots > 0;
    if (left_free != right_free) return left_free;
    return seconds_of(left) < seconds_of(right);
}

}  // namespace

std::optional<std::size_t> pick_site(std::span<const site_load> sites) {
    std::optional<std::size_t> best;
    for (std::size_t index = 0; index < sites.size(); ++index) {
        if (!sites[index].serving) continue;
        if (!best || better(sites[index], sites[*best])) best = index;
    }
    return best;
}

std::optional<std::size_t> pick_site(const std::vector<device_site>& sites) {
    std::vector<site_load> loads;
    for (const device_site& site : sites) {
        const std::uint32_t slots = site.staging.options().slots;
        const std::uint32_t free = site.staging.free_slots();
        loads.push_back({.serving = site.engine.serving(),
                         .free_slots = free,
                         .taken_slots = slots - free,
                         .bytes_per_second = site.engine.load().bytes_per_second});
    }
    return pick_site(loads);
}

std::optional<std::size_t> pick_spare(const std::vector<device_site>& sites,
                                      const std::vector<io::staging_lease>& spares,
                                      const std::vector<bool>& tried) {
    std::optional<std::size_t> best;
    double best_rate = 0;
    for (std::size_t index = 0; index < sites.size(); ++index) {
        if (!spares[index] || tried[index] || !sites[index].engine.serving()) continue;
        const double rate = sites[index].engine.load().bytes_per_second;
        if (best && rate <= best_rate) continue;
        best = index;
        best_rate = rate;
    }
    return best;
}

awaitable<std::vector<io::staging_lease>> take_spares(const std::vector<device_site>& sites) {
    std::vector<io::staging_lease> spares(sites.size());
    if (sites.size() < 2) co_return spares;
    for (std::size_t index = 0; index < sites.size(); ++index) {
        const device_site& at = sites[index];
        const std::uint32_t slots = at.staging.options().slots;
        if (at.staging.free_slots() <= std::max(slots / 2, spare_slots_min)) continue;
        io::staging_lease spare = co_await at.staging.acquire(at.flow);
        spares[index] = std::move(spare);
    }
    co_return spares;
}

std::size_t common_span_bytes(const std::vector<device_site>& sites) {
    std::size_t bytes = std::numeric_limits<std::uint32_t>::max();
    for (const device_site& site : sites)
        bytes = std::min({bytes, site.engine.identity().span_bytes, site.staging.slot_bytes()});
    return bytes;
}

void check_direct(const io::storage& storage) {
    if (storage.traits().direct) return;
    throw system_error{make_error_code(boost::system::errc::operation_not_supported),
                       storage.traits().buffered_reason};
}

std::string device_reason(const system_error& failed) {
    return failed.code().category() == accel::device_category() ? failed.what()
                                                                : failed.code().message();
}

std::uint32_t device_block_bytes(const io::storage& storage) {
    return std::max(block_bytes(storage.traits().alignment), device_block_bytes_min);
}

}  // namespace peerpress::pipeline
