#include "accel/noload/core_table.hpp"

#include <algorithm>
#include <cassert>

namespace peerpress::accel::noload {
namespace {

// What a core is taken for before any was measured; only the proportions count.
constexpr double rate_assumed = 1e9;

// Of the newest command in the rate: recent enough to follow a core that slows down, steady enough
// not to run after every piece that compresses well.
constexpr double rate_weight = 0.2;

// A core that failed so often in a row (as often as one command is tried on it) is sick, and sits
// out: else every command would be tried on it first, for it has nothing else to do.
constexpr unsigned sick_after = 3;
constexpr unsigned sits_out_min = 16;
constexpr unsigned sits_out_max = 4096;

unsigned commands_to_sit_out(unsigned failures_in_row) {
    if (failures_in_row < sick_after) return 0;
    const unsigned doublings = std::min(failures_in_row - sick_after, 16u);
    return std::min(sits_out_min << doublings, sits_out_max);
}

}  // namespace

core_table::core_table(const std::vector<core_state>& cores) {
    for (const core_state& state : cores) cores_.push_back({.state = state});
}

std::size_t core_table::count(core_kind kind) const {
    return static_cast<std::size_t>(
        std::ranges::count_if(cores_, [kind](const core& one) { return one.state.kind == kind; }));
}

double core_table::rate_of(const core& one) const {
    if (one.state.bytes_per_second > 0) return one.state.bytes_per_second;
    double sum = 0;
    unsigned measured = 0;
    for (const core& other : cores_) {
        if (other.state.kind != one.state.kind || other.state.bytes_per_second <= 0) continue;
        sum += other.state.bytes_per_second;
        ++measured;
    }
    return measured > 0 ? sum / measured : rate_assumed;
}

std::optional<std::size_t> core_table::pick(core_kind kind, std::uint64_t bytes,
                                            const std::vector<bool>& avoided) const {
    assert(avoided.size() == cores_.size());
    std::optional<std::size_t> best;
    double best_seconds = 0;
    bool best_is_well = false;
    for (std::size_t index = 0; index < cores_.size(); ++index) {
        const core& one = cores_[index];
        if (one.state.kind != kind || avoided[index]) continue;
        const bool well = one.sits_out == 0;
        const double seconds = static_cast<double>(one.outstanding_bytes + bytes) / rate_of(one);
        const bool better = well != best_is_well ? well : seconds < best_seconds;
        if (best && !better) continue;
        best = index;
        best_seconds = seconds;
        best_is_well = well;
    }
    return best;
}

unsigned core_table::left(core_kind kind, const std::vector<bool>& avoided) const {
    unsigned cores = 0;
    for (std::size_t index = 0; index < cores_.size(); ++index)
        if (cores_[index].state.kind == kind && !avoided[index]) ++cores;
    return cores;
}

core_table::ticket core_table::begin(std::size_t core, std::uint64_t bytes, clock::time_point now) {
    for (auto& other : cores_)
        if (other.state.kind == cores_[core].state.kind && other.sits_out > 0) --other.sits_out;
    cores_[core].outstanding_bytes += bytes;
    ++cores_[core].state.commands;
    return {.core = core, .bytes = bytes, .start = now};
}

void core_table::end(const ticket& of, bool succeeded, clock::time_point now) {
    core& one = cores_[of.core];
    one.outstanding_bytes -= of.bytes;
    const clock::time_point began = std::max(of.start, one.last_end);
    one.last_end = now;
    if (!succeeded) {
        ++one.state.failures;
        one.sits_out = commands_to_sit_out(++one.failures_in_row);
        return;
    }
    one.failures_in_row = one.sits_out = 0;
    one.state.bytes += of.bytes;
    const double seconds = std::chrono::duration<double>(now - began).count();
    // What is over at once (the clock's step, a small piece) tells nothing.
    if (seconds < 1e-6 || of.bytes == 0) return;
    const double rate = static_cast<double>(of.bytes) / seconds;
    double& known = one.state.bytes_per_second;
    known = known > 0 ? known + rate_weight * (rate - known) : rate;
}

void core_table::succeed(const std::vector<core_state>& former) {
    for (core& one : cores_) {
        const auto before = std::ranges::find_if(former, [&one](const core_state& other) {
            return other.kind == one.state.kind && other.namespace_id == one.state.namespace_id;
        });
        if (before == former.end()) continue;
        one.state.commands += before->commands;
        one.state.failures += before->failures;
        one.state.bytes += before->bytes;
    }
}

std::vector<core_state> core_table::states() const {
    std::vector<core_state> found;
    for (const core& one : cores_) found.push_back(one.state);
    return found;
}

device_load core_table::load() const {
    device_load sum;
    for (const core& one : cores_) {
        if (one.state.kind != core_kind::compress) continue;
        sum.outstanding_bytes += one.outstanding_bytes;
        sum.bytes_per_second += rate_of(one);
    }
    return sum;
}

}  // namespace peerpress::accel::noload
