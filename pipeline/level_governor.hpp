// Chooses levels for whoever wants the densest that keeps up: with the storage, or with a rate of
// theirs.
//
// It measures while it works. Chunks start at the fastest level. From time to time it looks back on
// a window: how fast data went through, and how busy that kept the engine. An engine with nothing
// to do now and then is waiting for the storage: a denser level is taken if it is thought to
// suffice. An engine that is always busy is what everything waits for: a faster one is taken. What
// a level can do is known once it was tried, and guessed before from the one in use.
//
// One for the chunks of a job, whichever files they are of. Single executor; times are the
// caller's, so that tests make their own.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace peerpress::pipeline {

struct governor_options {
    std::uint32_t parallelism = 1;  // of the engine
    int level_max = 12;
    double rate = 0;  // bytes a second to keep up with; 0: the storage's
};

class level_governor {
public:
    using time_point = std::chrono::steady_clock::time_point;

    explicit level_governor(governor_options options);

    int level() const { return level_; }  // for the next chunk

    // A chunk goes into the engine, and comes out of it, compressed at `level`; 0 bytes where it
    // failed.
    void enter(time_point now);
    void leave(int level, std::uint64_t bytes, time_point now);

private:
    static constexpr std::size_t levels = 13;  // level 0 is not used

    struct capacity {
        double rate = 0;           // bytes a second, the engine always busy; 0: not known
        std::uint32_t window = 0;  // when that was
    };

    void advance(time_point now);
    void start_window(time_point now);
    void judge(double seconds);
    double capacity_of(int level) const;  // measured, or guessed
    int denser_level(double wanted) const;
    int faster_level(double wanted) const;

    governor_options options_;
    int level_ = 1;
    std::array<capacity, levels> known_{};
    // As last seen while the engine had time to spare, and thought to grow since then; 0: never
    // seen.
    double storage_rate_ = 0;

    std::uint32_t window_ = 0;
    time_point window_start_{};
    time_point last_{};
    std::uint32_t inside_ = 0;  // chunks that the engine has
    double busy_seconds_ = 0;   // of all its parallel parts, in this window
    std::uint64_t bytes_ = 0;
    std::uint32_t chunks_ = 0;
};

}  // namespace peerpress::pipeline
