#include "jobs/path_tally.hpp"

#include <algorithm>

namespace peerpress::jobs {

std::string_view data_path_name(data_path p) {
    switch (p) {
        case data_path::p2p:
            return "p2p";
        case data_path::host:
            return "host";
        case data_path::cpu:
            return "cpu";
    }
    return "?";
}

std::optional<data_path> data_path_from_name(std::string_view name) {
    for (const data_path p : {data_path::p2p, data_path::host, data_path::cpu})
        if (data_path_name(p) == name) return p;
    return std::nullopt;
}

void add_path_bytes(std::vector<path_bytes>& sum, const path_bytes& part) {
    const auto same = std::ranges::find_if(
        sum, [&part](const path_bytes& known) { return known.same_way(part); });
    if (same == sum.end())
        sum.push_back(part);
    else
        same->bytes += part.bytes;
}

std::atomic<std::uint64_t>& path_tally::counter(const path_bytes& way) {
    const std::lock_guard lock(mutex_);
    path_bytes wanted = way;
    for (;;) {
        const auto same = std::ranges::find_if(
            entries_, [&wanted](const entry& known) { return known.way.same_way(wanted); });
        if (same != entries_.end()) return same->bytes;
        if (entries_.size() < ways_max || wanted.reason.empty()) break;
        wanted.reason.clear();
    }
    entry& made = entries_.emplace_back();
    made.way = std::move(wanted);
    return made.bytes;
}

std::vector<path_bytes> path_tally::snapshot() const {
    const std::lock_guard lock(mutex_);
    std::vector<path_bytes> found;
    for (const entry& one : entries_) {
        const std::uint64_t bytes = one.bytes.load(std::memory_order_relaxed);
        if (bytes == 0) continue;
        found.push_back(one.way);
        found.back().bytes = bytes;
    }
    return found;
}

}  // namespace peerpress::jobs
