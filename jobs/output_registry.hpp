// The outputs being written in this process, so that two jobs, or two sources of one, never write
// one file. Thread-safe.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace peerpress::jobs {

// A directory's identity and a name in it: the same however the path was written.
struct output_key {
    std::uint64_t device = 0;
    std::uint64_t inode = 0;
    std::string name;

    auto operator<=>(const output_key&) const = default;
};

class output_registry;

// Move-only; gives the name free on destruction.
class output_claim {
public:
    output_claim() = default;
    output_claim(output_claim&& other) noexcept;
    output_claim& operator=(output_claim&& other) noexcept;
    ~output_claim();

    explicit operator bool() const { return registry_ != nullptr; }

private:
    friend class output_registry;
    output_claim(std::shared_ptr<output_registry> registry, output_key key);

    std::shared_ptr<output_registry> registry_;
    output_key key_;
};

class output_registry : public std::enable_shared_from_this<output_registry> {
public:
    // Empty where another holds it.
    output_claim claim(output_key key);

private:
    friend class output_claim;
    void release(const output_key& key);

    std::mutex mutex_;
    std::set<output_key> claimed_;
};

std::shared_ptr<output_registry> make_output_registry();

}  // namespace peerpress::jobs
