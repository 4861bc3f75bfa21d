#include "accel/noload/core_table.hpp"

#include <gtest/gtest.h>

namespace peerpress::accel::noload {
namespace {

using namespace std::chrono_literals;
using clock = core_table::clock;

constexpr std::uint64_t mib = 1 << 20;

class CoreTable : public testing::Test {
protected:
    std::size_t pick(std::uint64_t bytes = mib, core_kind kind = core_kind::compress) {
        return table.pick(kind, bytes, none).value();
    }
    // A command on `core` that takes so long.
    void work(std::size_t core, std::uint64_t bytes, clock::duration time) {
        const auto ticket = table.begin(core, bytes, now);
        now += time;
        table.end(ticket, true, now);
    }

    core_table table{{{.kind = core_kind::compress, .namespace_id = 1},
                      {.kind = core_kind::compress, .namespace_id = 2},
                      {.kind = core_kind::decompress, .namespace_id = 3}}};
    std::vector<bool> none = std::vector<bool>(3, false);
    clock::time_point now{1h};
};

TEST_F(CoreTable, GivesWorkToWhoeverHasLeast) {
    EXPECT_EQ(pick(), 0u);
    const auto first = table.begin(0, mib, now);
    EXPECT_EQ(pick(), 1u);
    table.begin(1, 2 * mib, now);
    EXPECT_EQ(pick(), 0u);

    table.end(first, true, now + 1ms);

    EXPECT_EQ(pick(), 0u);
}

TEST_F(CoreTable, PicksTheKindThatIsWantedAndNoneThatIsAvoided) {
    EXPECT_EQ(pick(mib, core_kind::decompress), 2u);
    EXPECT_EQ(table.pick(core_kind::compress, mib, {true, false, false}), 1u);
    EXPECT_EQ(table.pick(core_kind::decompress, mib, {false, false, true}), std::nullopt);
    EXPECT_EQ(table.left(core_kind::compress, {true, false, false}), 1u);
}

TEST_F(CoreTable, LeavesASickCoreAloneAndTriesItNowAndThen) {
    for (int tries = 0; tries < 3; ++tries) {
        EXPECT_EQ(pick(), 0u);
        table.end(table.begin(0, mib, now), false, now);
    }

    int others_got = 0;
    for (; pick() == 1; ++others_got) work(1, mib, 1ms);
    EXPECT_EQ(others_got, 16);
    table.end(table.begin(0, mib, now), false, now);
    for (others_got = 0; pick() == 1; ++others_got) work(1, mib, 1ms);
    EXPECT_EQ(others_got, 32);

    work(0, mib, 1ms);
    EXPECT_EQ(pick(), 0u);
}

TEST_F(CoreTable, TakesASickCoreWhereThereIsNoOther) {
    for (int tries = 0; tries < 3; ++tries) table.end(table.begin(0, mib, now), false, now);

    EXPECT_EQ(table.pick(core_kind::compress, mib, {false, true, false}), 0u);
}

TEST_F(CoreTable, MeasuresACoreWhileItWorksAndNotWhileItIsIdle) {
    work(0, mib, 1ms);
    now += 10s;
    work(0, mib, 1ms);

    EXPECT_NEAR(table.state(0).bytes_per_second, mib * 1000.0, 1.0);
}

TEST_F(CoreTable, MeasuresACommandFromWhenTheOneBeforeItWasDone) {
    const auto first = table.begin(0, mib, now);
    const auto second = table.begin(0, mib, now);
    table.end(first, true, now + 1ms);
    table.end(second, true, now + 2ms);

    EXPECT_NEAR(table.state(0).bytes_per_second, mib * 1000.0, 1.0);
}

TEST_F(CoreTable, GivesASlowCoreLess) {
    work(0, mib, 1ms);
    work(1, mib, 3ms);
    unsigned given[2] = {0, 0};
    for (int piece = 0; piece < 8; ++piece) {
        const std::size_t core = pick();
        table.begin(core, mib, now);
        ++given[core];
    }

    EXPECT_EQ(given[0], 6u);
    EXPECT_EQ(given[1], 2u);
}

TEST_F(CoreTable, TakesACoreOfWhichNothingIsKnownForAsFastAsItsPeers) {
    work(0, mib, 1ms);
    table.begin(0, mib, now);

    EXPECT_EQ(pick(), 1u);
}

TEST_F(CoreTable, CountsFailuresAndLearnsNothingFromThem) {
    const auto ticket = table.begin(0, mib, now);
    table.end(ticket, false, now + 1ms);

    EXPECT_EQ(table.state(0).failures, 1u);
    EXPECT_EQ(table.state(0).commands, 1u);
    EXPECT_EQ(table.state(0).bytes, 0u);
    EXPECT_EQ(table.state(0).bytes_per_second, 0.0);
}

TEST_F(CoreTable, SumsTheLoadOfWhatCompresses) {
    work(0, mib, 1ms);
    work(1, mib, 1ms);
    table.begin(0, mib, now);
    table.begin(2, mib, now);

    EXPECT_EQ(table.load().outstanding_bytes, mib);
    EXPECT_NEAR(table.load().bytes_per_second, 2 * mib * 1000.0, 1.0);
}

}  // namespace
}  // namespace peerpress::accel::noload
