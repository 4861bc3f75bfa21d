// Levels chosen for storages and engines that are made up, on a clock of their own.
#include "pipeline/level_governor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <queue>
#include <vector>

namespace peerpress::pipeline {
namespace {

constexpr double mb = 1e6;
constexpr double chunk_bytes = 1 << 20;
constexpr std::size_t slots = 24;

// What one core does at each level.
using codec_rates = std::array<double, 13>;
constexpr codec_rates usual_codec{0,        535 * mb, 510 * mb, 334 * mb, 183 * mb,
                                  119 * mb, 83 * mb,  61 * mb,  33 * mb,  25 * mb,
                                  9.8 * mb, 6.5 * mb, 4.5 * mb};

struct world {
    std::function<double(double)> storage = [](double) { return 1e12; };  // rate at a time
    codec_rates codec = usual_codec;
    std::uint32_t cores = 2;
};

struct course {
    double seconds = 0;
    std::map<int, std::uint64_t> bytes_at;  // by level
    int last_level = 0;
    std::uint64_t bytes() const {
        std::uint64_t sum = 0;
        for (const auto& [level, bytes] : bytes_at) sum += bytes;
        return sum;
    }
    double share_of(int level) const {
        const auto found = bytes_at.find(level);
        return found == bytes_at.end()
                   ? 0
                   : static_cast<double>(found->second) / static_cast<double>(bytes());
    }
    double rate() const { return static_cast<double>(bytes()) / seconds; }
};

// Chunks come from the storage one after another, at most `slots` of them ahead, and take the next
// core that is free.
course run(level_governor& governor, const world& in, std::uint64_t chunks) {
    using seconds = std::chrono::duration<double>;
    const auto at = [](double time) {
        return level_governor::time_point{} +
               std::chrono::duration_cast<level_governor::time_point::duration>(seconds(1 + time));
    };
    struct done {
        double time;
        int level;
        bool operator>(const done& other) const { return time > other.time; }
    };
    course made;
    std::priority_queue<done, std::vector<done>, std::greater<>> under_way;
    std::vector<double> cores(in.cores, 0.0);
    double arrived = 0;
    const auto finish_one = [&] {
        const done first = under_way.top();
        under_way.pop();
        governor.leave(first.level, static_cast<std::uint64_t>(chunk_bytes), at(first.time));
        made.bytes_at[first.level] += static_cast<std::uint64_t>(chunk_bytes);
        made.seconds = first.time;
        return first.time;
    };
    for (std::uint64_t i = 0; i < chunks; ++i) {
        arrived += chunk_bytes / in.storage(arrived);
        while (under_way.size() >= slots) arrived = std::max(arrived, finish_one());
        while (!under_way.empty() && under_way.top().time <= arrived) finish_one();
        governor.enter(at(arrived));
        const int level = governor.level();
        const auto core = std::ranges::min_element(cores);
        *core = std::max(*core, arrived) + chunk_bytes / in.codec[static_cast<std::size_t>(level)];
        under_way.push({*core, level});
    }
    while (!under_way.empty()) finish_one();
    made.last_level = governor.level();
    return made;
}

std::function<double(double)> steady(double rate) {
    return [rate](double) { return rate; };
}

level_governor for_storage() {
    return level_governor({.parallelism = 2});
}
level_governor for_rate(double rate) {
    return level_governor({.parallelism = 2, .rate = rate});
}

TEST(LevelGovernor, StaysFastWhereTheStorageIsFaster) {
    level_governor governor = for_storage();

    const course made = run(governor, {.storage = steady(3000 * mb)}, 4000);

    EXPECT_EQ(made.share_of(1), 1);
}

// Two cores do 366 MB/s at level 4, 238 at level 5.
TEST(LevelGovernor, TakesTheDensestThatKeepsUpWithTheStorage) {
    level_governor governor = for_storage();

    const course made = run(governor, {.storage = steady(300 * mb)}, 4000);

    EXPECT_EQ(made.last_level, 4);
    EXPECT_GT(made.share_of(4), 0.9);
    EXPECT_GT(made.rate(), 290 * mb);
}

TEST(LevelGovernor, LosesLittleToATryThatWasTooDense) {
    level_governor governor = for_storage();
    // Guesses take level 5 for faster than it is here.
    world in{.storage = steady(200 * mb)};
    in.codec[5] = 70 * mb;

    const course made = run(governor, in, 10000);

    EXPECT_EQ(made.last_level, 4);
    EXPECT_LT(made.share_of(5), 0.05);
    EXPECT_GT(made.rate(), 195 * mb);
}

TEST(LevelGovernor, FollowsAStorageThatChanges) {
    level_governor governor = for_storage();

    const course made = run(
        governor, {.storage = [](double time) { return time < 10 ? 100 * mb : 600 * mb; }}, 8000);

    // 122 MB/s at level 7 at first; 668 at level 3, 366 at level 4.
    EXPECT_GT(made.bytes_at.at(7), 400'000'000u);
    EXPECT_EQ(made.last_level, 3);
}

TEST(LevelGovernor, TakesTheDensestThatKeepsUpWithARate) {
    level_governor governor = for_rate(150 * mb);

    const course made = run(governor, {.storage = steady(3000 * mb)}, 4000);

    EXPECT_EQ(made.last_level, 6);
    EXPECT_GT(made.share_of(6), 0.8);
    EXPECT_GT(made.rate(), 150 * mb);
}

TEST(LevelGovernor, AsksNoMoreOfARateThanTheStorageGives) {
    level_governor governor = for_rate(1000 * mb);

    EXPECT_EQ(run(governor, {.storage = steady(300 * mb)}, 4000).last_level, 4);
}

TEST(LevelGovernor, ComesBackToTheRateWhenTheStorageWasSlowForAWhile) {
    level_governor governor = for_rate(600 * mb);

    const course made = run(
        governor, {.storage = [](double time) { return time < 10 ? 60 * mb : 3000 * mb; }}, 8000);

    EXPECT_EQ(made.last_level, 3);
}

TEST(LevelGovernor, StaysFastestWhereEvenThatIsTooSlow) {
    level_governor governor = for_rate(5000 * mb);

    EXPECT_EQ(run(governor, {.storage = steady(9000 * mb)}, 4000).share_of(1), 1);
}

TEST(LevelGovernor, KeepsToTheLevelsThereAre) {
    level_governor governor({.parallelism = 2, .level_max = 9});

    const course made = run(governor, {.storage = steady(1 * mb)}, 1000);

    EXPECT_EQ(made.last_level, 9);
}

TEST(LevelGovernor, CountsAChunkThatFailedForNothing) {
    level_governor governor = for_storage();
    const auto now = level_governor::time_point{} + std::chrono::seconds(1);

    governor.enter(now);
    governor.leave(1, 0, now + std::chrono::seconds(1));

    EXPECT_EQ(governor.level(), 1);
}

}  // namespace
}  // namespace peerpress::pipeline
