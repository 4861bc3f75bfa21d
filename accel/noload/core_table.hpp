// The cores of one device: what each has to do, how fast it is, and which is to do the next piece.
//
// A core's speed is measured while it works: the time from when it could begin a command (it was
// there, and the one before it done) to its end. So a core that is asked for more than it can do is
// measured right, and one that is idle is not taken for slow. Pure: time is handed in.
#pragma once

#include "accel/device_engine.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace peerpress::accel::noload {

class core_table {
public:
    using clock = std::chrono::steady_clock;

    explicit core_table(const std::vector<core_state>& cores);

    std::size_t size() const { return cores_.size(); }
    bool has(core_kind kind) const { return count(kind) > 0; }
    std::size_t count(core_kind kind) const;

    // The core that would be done with `bytes` more first; none but those not `avoided`. Those that
    // fail again and again come behind the others, and are tried now and then.
    std::optional<std::size_t> pick(core_kind kind, std::uint64_t bytes,
                                    const std::vector<bool>& avoided) const;
    // Of that kind, not avoided.
    unsigned left(core_kind kind, const std::vector<bool>& avoided) const;

    struct ticket {
        std::size_t core = 0;
        std::uint64_t bytes = 0;
        clock::time_point start;
    };
    ticket begin(std::size_t core, std::uint64_t bytes, clock::time_point now);
    void end(const ticket& of, bool succeeded, clock::time_point now);

    // Goes on counting where the same cores' numbers were left.
    void succeed(const std::vector<core_state>& former);

    const core_state& state(std::size_t core) const { return cores_[core].state; }
    std::vector<core_state> states() const;
    device_load load() const;  // of what compresses

private:
    struct core {
        core_state state;
        std::uint64_t outstanding_bytes = 0;
        clock::time_point last_end{};
        unsigned failures_in_row = 0;
        unsigned sits_out = 0;  // so many commands that others of its kind get first
    };

    double rate_of(const core& one) const;

    std::vector<core> cores_;
};

}  // namespace peerpress::accel::noload
