#include "jobs/provider_pools.hpp"

#include "io/open_flow.hpp"

#include <utility>

namespace peerpress::jobs {
namespace {

class pool_share final : public staging_share {
public:
    explicit pool_share(std::shared_ptr<provider_pool> pool)
        : pool_(std::move(pool)), flow_(pool_->staging) {}

    io::staging_pool& pool() override { return pool_->staging; }
    io::flow_id flow() override { return flow_.id(); }

private:
    std::shared_ptr<provider_pool> pool_;
    io::open_flow flow_;
};

}  // namespace

std::shared_ptr<provider_pool> provider_pools::find(io::topology::pci_address provider,
                                                    pool_use use) const {
    const std::lock_guard lock(mutex_);
    const auto found = pools_.find({provider, use});
    return found == pools_.end() ? nullptr : found->second.pool.lock();
}

std::shared_ptr<provider_pool> provider_pools::add(io::topology::pci_address provider,
                                                   std::string label,
                                                   std::unique_ptr<io::slot_memory> memory,
                                                   pool_use use) {
    const std::uint64_t bytes = std::uint64_t{memory->slots()} * memory->slot_bytes();
    auto pool = std::make_shared<provider_pool>(executor_, std::move(memory), std::move(label));
    const std::lock_guard lock(mutex_);
    pools_[{provider, use}] = {.pool = pool, .bytes = bytes};
    return pool;
}

void provider_pools::forget(io::topology::pci_address provider) {
    const std::lock_guard lock(mutex_);
    for (const pool_use use : {pool_use::copying, pool_use::compressing})
        pools_.erase({provider, use});
}

std::map<io::topology::pci_address, std::uint64_t> provider_pools::leased() const {
    const std::lock_guard lock(mutex_);
    std::map<io::topology::pci_address, std::uint64_t> bytes;
    for (const auto& [key, one] : pools_)
        if (!one.pool.expired()) bytes[key.first] += one.bytes;
    return bytes;
}

std::shared_ptr<staging_share> make_share(std::shared_ptr<provider_pool> pool) {
    return std::make_shared<pool_share>(std::move(pool));
}

}  // namespace peerpress::jobs
