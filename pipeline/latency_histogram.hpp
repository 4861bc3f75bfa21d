// How long operations took: counts in buckets that widen with the time, so that memory is fixed and
// every time is known to about 3 %.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace peerpress::pipeline {

struct latency_summary {
    std::uint64_t count = 0;
    std::chrono::nanoseconds min{}, mean{}, p50{}, p90{}, p99{}, p999{}, max{};
};

class latency_histogram {
public:
    void add(std::chrono::nanoseconds took);
    void add(const latency_histogram& other);

    std::uint64_t count() const { return count_; }
    // The time within which `share` (0 to 1) of all operations ended; zero where there are none.
    // Never beyond the longest.
    std::chrono::nanoseconds quantile(double share) const;
    latency_summary summary() const;

    // 32 buckets for each doubling: a bucket is at most 1/32 of its time wide.
    static constexpr unsigned steps_log2 = 5;
    static constexpr std::size_t buckets = (64 - steps_log2 + 1) << steps_log2;
    static std::size_t bucket_of(std::uint64_t nanoseconds);
    static std::uint64_t longest_in(std::size_t bucket);

private:
    std::array<std::uint64_t, buckets> counts_{};
    std::uint64_t count_ = 0;
    std::uint64_t sum_ns_ = 0;
    std::uint64_t min_ns_ = ~std::uint64_t{0};
    std::uint64_t max_ns_ = 0;
};

}  // namespace peerpress::pipeline
