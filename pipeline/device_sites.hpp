// Which of several devices gets the next chunk, and what all transfers on devices have in common.
#pragma once

#include "io/storage.hpp"
#include "pipeline/device_transfer.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace peerpress::pipeline {

struct site_load {
    bool serving = true;
    std::uint32_t free_slots = 0;
    std::uint32_t taken_slots = 0;
    double bytes_per_second = 0;  // of all its cores
};

// The device that would have done another slot's worth first, of those with a free slot where there
// are such. None where no device serves. Pure.
std::optional<std::size_t> pick_site(std::span<const site_load> sites);

// The same, of a route's sites as they are now.
std::optional<std::size_t> pick_site(const std::vector<device_site>& sites);

// The device that would have done it first, of those but one that serve and whose `spare` is held.
std::optional<std::size_t> pick_spare(const std::vector<device_site>& sites,
                                      const std::vector<io::staging_lease>& spares,
                                      const std::vector<bool>& tried);

// One slot of each device for chunks that another one could not do; none where there is one device,
// or where slots are few. Waits for nobody, so that transfers that share slots cannot wait for each
// other.
awaitable<std::vector<io::staging_lease>> take_spares(const std::vector<device_site>& sites);

// The largest span that all of them take.
std::size_t common_span_bytes(const std::vector<device_site>& sites);

// A storage that was direct when the transfer began may have fallen back to the page cache: then
// the processor has been copying into and out of a device's memory. Throws operation_not_supported.
void check_direct(const io::storage& storage);

// Why a device did not do it, for people.
std::string device_reason(const system_error& failed);

// Where members and their data lie in a slot: pages, and the larger blocks of either end.
std::uint32_t device_block_bytes(const io::storage& storage);

}  // namespace peerpress::pipeline
