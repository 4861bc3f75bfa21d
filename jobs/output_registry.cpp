#include "jobs/output_registry.hpp"

#include <utility>

namespace peerpress::jobs {

output_claim::output_claim(std::shared_ptr<output_registry> registry, output_key key)
    : registry_(std::move(registry)), key_(std::move(key)) {}

output_claim::output_claim(output_claim&& other) noexcept
    : registry_(std::move(other.registry_)), key_(std::move(other.key_)) {}

output_claim& output_claim::operator=(output_claim&& other) noexcept {
    std::swap(registry_, other.registry_);
    std::swap(key_, other.key_);
    return *this;
}

output_claim::~output_claim() {
    if (registry_) registry_->release(key_);
}

output_claim output_registry::claim(output_key key) {
    const std::lock_guard lock(mutex_);
    if (!claimed_.insert(key).second) return {};
    return {shared_from_this(), std::move(key)};
}

void output_registry::release(const output_key& key) {
    const std::lock_guard lock(mutex_);
    claimed_.erase(key);
}

std::shared_ptr<output_registry> make_output_registry() {
    return std::make_shared<output_registry>();
}

}  // namespace peerpress::jobs
