#include "pipeline/level_governor.hpp"

#include <algorithm>
#include <cassert>

namespace peerpress::pipeline {
namespace {

// How long a level takes against the fastest, by the software engine's table. Data differ by a
// factor of two and more from that, and machines do: it only serves to guess what was not tried
// yet.
constexpr std::array<double, 13> cost{0, 1, 1.05, 1.6, 2.9, 4.5, 6.4, 8.8, 16, 21, 55, 82, 119};

// A window is long enough for the chunks that were under way at its ends to be few of it, and for a
// timer's grain.
constexpr std::uint64_t window_bytes_min = 8 << 20;  // for each parallel part
constexpr std::uint32_t window_chunks_min = 256;     // of smaller chunks
constexpr double window_seconds_min = 0.05;

// Busier than this, and what is measured is the engine, not the storage.
constexpr double saturated_share = 0.95;
// A level has to do a little more than is wanted, so that noise does not make it the bottleneck.
constexpr double margin = 1.05;
// Data change along a file: after so many windows a level is worth another try.
constexpr std::uint32_t windows_remembered = 100;

}  // namespace

level_governor::level_governor(governor_options options) : options_(options) {
    assert(options.parallelism > 0);
    assert(options.level_max >= 1 && options.level_max < static_cast<int>(levels));
}

void level_governor::enter(time_point now) {
    if (window_start_ == time_point{}) start_window(now);
    advance(now);
    ++inside_;
}

void level_governor::leave(int level, std::uint64_t bytes, time_point now) {
    assert(inside_ > 0);
    advance(now);
    --inside_;
    if (level != level_) {
        // Of before the last change: the window begins when the last of them is out.
        start_window(now);
        return;
    }
    bytes_ += bytes;
    ++chunks_;
    const double seconds = std::chrono::duration<double>(now - window_start_).count();
    const bool enough =
        bytes_ >= window_bytes_min * options_.parallelism || chunks_ >= window_chunks_min;
    if (!enough || seconds < window_seconds_min) return;
    judge(seconds);
    start_window(now);
}

void level_governor::advance(time_point now) {
    const double passed = std::chrono::duration<double>(now - last_).count();
    busy_seconds_ += passed * std::min(inside_, options_.parallelism);
    last_ = now;
}

void level_governor::start_window(time_point now) {
    window_start_ = now;
    last_ = now;
    busy_seconds_ = 0;
    bytes_ = 0;
    chunks_ = 0;
    ++window_;
}

void level_governor::judge(double seconds) {
    const double rate = static_cast<double>(bytes_) / seconds;
    const double busy_share = busy_seconds_ / (seconds * options_.parallelism);
    if (busy_share <= 0 || rate <= 0) return;
    known_[static_cast<std::size_t>(level_)] = {rate / busy_share, window_};

    const bool saturated = busy_share >= saturated_share;
    // What hides behind a busy engine may have become faster meanwhile.
    storage_rate_ = saturated ? storage_rate_ * 1.1 : rate;
    // Nothing is gained by more than the storage does, as far as that is known.
    const bool named = options_.rate > 0;
    double wanted = named ? options_.rate : storage_rate_;
    if (named && storage_rate_ > 0) wanted = std::min(wanted, storage_rate_);

    if (!saturated || (named && rate >= wanted * margin)) {
        level_ = denser_level(wanted);
    } else if (!named || rate < wanted) {
        level_ = faster_level(wanted);
    }
}

double level_governor::capacity_of(int level) const {
    const auto at = [](int of) { return static_cast<std::size_t>(of); };
    const capacity& measured = known_[at(level)];
    if (measured.rate > 0 && window_ - measured.window <= windows_remembered) return measured.rate;
    return known_[at(level_)].rate * cost[at(level_)] / cost[at(level)];
}

// One step at a time: a guess that is wrong costs the more the further it leads.
int level_governor::denser_level(double wanted) const {
    const int next = level_ + 1;
    return next <= options_.level_max && capacity_of(next) >= wanted * margin ? next : level_;
}

// As far as it takes. Where nobody knows how fast the storage is, one step shows whether there is
// more to be had.
int level_governor::faster_level(double wanted) const {
    int level = std::max(level_ - 1, 1);
    if (wanted > 0)
        while (level > 1 && capacity_of(level) < wanted * margin) --level;
    return level;
}

}  // namespace peerpress::pipeline
