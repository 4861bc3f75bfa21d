#include "pipeline/latency_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace peerpress::pipeline {

namespace {

constexpr std::uint64_t steps = std::uint64_t{1} << latency_histogram::steps_log2;

std::chrono::nanoseconds from_count(std::uint64_t nanoseconds) {
    return std::chrono::nanoseconds(static_cast<std::chrono::nanoseconds::rep>(nanoseconds));
}

}  // namespace

// Below `steps` a bucket for each nanosecond; above, the highest bit chooses the doubling and the
// next steps_log2 bits the bucket in it.
std::size_t latency_histogram::bucket_of(std::uint64_t nanoseconds) {
    if (nanoseconds < steps) return nanoseconds;
    const auto shift = static_cast<unsigned>(std::bit_width(nanoseconds)) - 1 - steps_log2;
    return (shift << steps_log2) + static_cast<std::size_t>(nanoseconds >> shift);
}

std::uint64_t latency_histogram::longest_in(std::size_t bucket) {
    if (bucket < 2 * steps) return bucket;
    const auto shift = static_cast<unsigned>(bucket >> steps_log2) - 1;
    const std::uint64_t first = (bucket & (steps - 1)) | steps;
    return ((first + 1) << shift) - 1;
}

void latency_histogram::add(std::chrono::nanoseconds took) {
    const auto nanoseconds =
        static_cast<std::uint64_t>(std::max<std::chrono::nanoseconds::rep>(took.count(), 0));
    ++counts_[bucket_of(nanoseconds)];
    ++count_;
    sum_ns_ += nanoseconds;
    min_ns_ = std::min(min_ns_, nanoseconds);
    max_ns_ = std::max(max_ns_, nanoseconds);
}

void latency_histogram::add(const latency_histogram& other) {
    for (std::size_t bucket = 0; bucket < buckets; ++bucket)
        counts_[bucket] += other.counts_[bucket];
    count_ += other.count_;
    sum_ns_ += other.sum_ns_;
    min_ns_ = std::min(min_ns_, other.min_ns_);
    max_ns_ = std::max(max_ns_, other.max_ns_);
}

std::chrono::nanoseconds latency_histogram::quantile(double share) const {
    if (count_ == 0) return {};
    const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
    const std::uint64_t rank = std::clamp<std::uint64_t>(wanted, 1, count_);
    std::uint64_t passed = 0;
    std::size_t bucket = 0;
    while ((passed += counts_[bucket]) < rank) ++bucket;
    return from_count(std::min(longest_in(bucket), max_ns_));
}

latency_summary latency_histogram::summary() const {
    if (count_ == 0) return {};
    return {.count = count_,
            .min = from_count(min_ns_),
            .mean = from_count(sum_ns_ / count_),
            .p50 = quantile(0.5),
            .p90 = quantile(0.9),
            .p99 = quantile(0.99),
            .p999 = quantile(0.999),
            .max = from_count(max_ns_)};
}

}  // namespace peerpress::pipeline
