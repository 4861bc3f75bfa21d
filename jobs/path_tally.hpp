// Which way bytes went, counted while they go.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace peerpress::jobs {

enum class data_path { p2p, host, cpu };
std::string_view data_path_name(data_path p);  // "cpu"
std::optional<data_path> data_path_from_name(std::string_view name);

struct path_bytes {
    jobs::data_path path = data_path::cpu;
    std::uint64_t bytes = 0;
    std::string device = {};  // the engine or provider: "software"
    std::string reason = {};  // why not p2p: "software engine"

    // The same way, for the same reason; bytes aside.
    bool same_way(const path_bytes& other) const {
        return path == other.path && device == other.device && reason == other.reason;
    }
};

// Adds to the entry of the same way, or makes one.
void add_path_bytes(std::vector<path_bytes>& sum, const path_bytes& part);

// A job's bytes by their ways. A counter is written by the lane, at any time; all may be read by
// anyone at any time. A job has few ways: beyond ways_max reasons are left out of what is told
// apart.
class path_tally {
public:
    // Stays valid as long as the tally.
    std::atomic<std::uint64_t>& counter(const path_bytes& way);

    std::vector<path_bytes> snapshot() const;  // without ways that nothing has gone

private:
    static constexpr std::size_t ways_max = 32;

    struct entry {
        path_bytes way;
        std::atomic<std::uint64_t> bytes{0};
    };

    mutable std::mutex mutex_;
    std::deque<entry> entries_;  // addresses stay
};

}  // namespace peerpress::jobs
