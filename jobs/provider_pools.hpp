// The staging pools in devices' memory that jobs use now, one for each device and use. A pool lives
// as long as somebody holds it, so that an idle server takes nothing from who shares the device.
//
// Pools belong to the lane's executor; leased() may be called by anyone.
#pragma once

#include "io/slot_memory.hpp"
#include "io/staging.hpp"
#include "io/topology/pci_address.hpp"
#include "jobs/path_planner.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace peerpress::jobs {

struct provider_pool {
    provider_pool(asio::any_io_executor executor, std::unique_ptr<io::slot_memory> memory,
                  std::string label)
        : label(std::move(label)), staging(std::move(executor), std::move(memory)) {}

    std::string label;
    io::staging_pool staging;
};

// What a pool's slots are for: their size follows from it.
enum class pool_use { copying, compressing };

class provider_pools {
public:
    explicit provider_pools(asio::any_io_executor executor) : executor_(std::move(executor)) {}

    std::shared_ptr<provider_pool> find(io::topology::pci_address provider,
                                        pool_use use = pool_use::copying) const;
    std::shared_ptr<provider_pool> add(io::topology::pci_address provider, std::string label,
                                       std::unique_ptr<io::slot_memory> memory,
                                       pool_use use = pool_use::copying);

    // The device has gone: who holds its pools keeps them, and nobody else gets them.
    void forget(io::topology::pci_address provider);

    // Bytes of each device's memory that pools have taken.
    std::map<io::topology::pci_address, std::uint64_t> leased() const;

private:
    struct entry {
        std::weak_ptr<provider_pool> pool;
        std::uint64_t bytes = 0;
    };

    asio::any_io_executor executor_;
    mutable std::mutex mutex_;
    std::map<std::pair<io::topology::pci_address, pool_use>, entry> pools_;
};

// A flow of its own on a pool.
std::shared_ptr<staging_share> make_share(std::shared_ptr<provider_pool> pool);

}  // namespace peerpress::jobs
