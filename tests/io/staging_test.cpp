#include "io/staging.hpp"

#include "tests/support/run.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <stop_token>
#include <thread>
#include <vector>

namespace peerpress::io {
namespace {

struct grant {
    char flow;
    int number;
    friend bool operator==(const grant&, const grant&) = default;
};

std::ostream& operator<<(std::ostream& out, const grant& shown) {
    return out << shown.flow << shown.number;
}

class StagingPool : public testing::Test {
protected:
    StagingPool()
        : pool(context.get_executor(), {.slots = 4, .input_bytes = 8192, .slack_bytes = 1000}) {}

    ~StagingPool() override { leases.clear(); }

    staging_lease acquire(flow_id flow) { return test::run(context, pool.acquire(flow)); }

    void take_all(flow_id flow) {
        while (pool.free_slots() > 0) leases.push_back(acquire(flow));
    }

    void ask(flow_id flow, grant as) {
        asio::co_spawn(context, wait(flow, as), asio::detached);
        test::settle(context);
    }

    awaitable<> wait(flow_id flow, grant as) {
        leases.push_back(co_await pool.acquire(flow));
        granted.push_back(as);
    }

    // The lease held longest goes back.
    void give_one_back() {
        leases.erase(leases.begin());
        test::settle(context);
    }

    static awaitable<> take_into(staging_pool& from, flow_id flow,
                                 std::vector<staging_lease>& held) {
        staging_lease taken = co_await from.acquire(flow);
        held.push_back(std::move(taken));
    }
    // What it ended with; the lease goes back at once.
    static awaitable<> try_acquire(staging_pool& from, flow_id flow, std::stop_token stop,
                                   std::vector<error_code>& ended) {
        try {
            const staging_lease taken = co_await from.acquire(flow, std::move(stop));
            ended.emplace_back();
        } catch (const system_error& error) {
            ended.push_back(error.code());
        }
    }

    asio::io_context context;
    staging_pool pool;
    std::vector<staging_lease> leases;
    std::vector<grant> granted;
};

TEST_F(StagingPool, GivesEachLeaseMemoryOfItsOwn) {
    const flow_id flow = pool.open_flow();

    take_all(flow);

    std::map<const std::byte*, std::size_t> halves;
    for (const staging_lease& lease : leases) {
        for (const bytes_span half : {lease.input(), lease.output()}) {
            EXPECT_EQ(half.size(), 8192u + 1000u);
            EXPECT_EQ(reinterpret_cast<std::uintptr_t>(half.data()) % 4096, 0u);
            std::fill(half.begin(), half.end(), std::byte{1});
            halves[half.data()] = half.size();
        }
        EXPECT_LT(lease.input().data(), lease.output().data());
    }
    ASSERT_EQ(halves.size(), 8u);
    for (auto half = halves.begin(); std::next(half) != halves.end(); ++half)
        EXPECT_LE(half->first + half->second, std::next(half)->first);
}

TEST_F(StagingPool, LeasesAWholeSlotToWhatOnlyCopies) {
    const staging_lease lease = acquire(pool.open_flow());

    EXPECT_EQ(lease.memory().data(), lease.input().data());
    EXPECT_EQ(lease.memory().size(), pool.slot_bytes());
    EXPECT_GE(lease.memory().data() + lease.memory().size(),
              lease.output().data() + lease.output().size());
    EXPECT_FALSE(pool.on_device());
}

TEST_F(StagingPool, CutsOtherMemoryInHalvesOfWholePages) {
    staging_pool of_three(context.get_executor(), std::make_unique<host_slots>(2, 3 * 4096));
    staging_pool of_one(context.get_executor(), std::make_unique<host_slots>(1, 4096));
    const flow_id three = of_three.open_flow(), one = of_one.open_flow();

    const staging_lease lease = test::run(context, of_three.acquire(three));
    const staging_lease single = test::run(context, of_one.acquire(one));

    EXPECT_EQ(of_three.options().slots, 2u);
    EXPECT_EQ(lease.memory().size(), 3u * 4096);
    EXPECT_EQ(lease.input().size(), 4096u);
    EXPECT_EQ(lease.output().data(), lease.memory().data() + 4096);
    EXPECT_EQ(single.memory().size(), 4096u);
    EXPECT_TRUE(single.input().empty());
}

// Engines share their time between flows by these names.
TEST_F(StagingPool, NamesFlowsApartFromThoseOfOtherPools) {
    staging_pool other(context.get_executor(), std::make_unique<host_slots>(1, 4096));

    EXPECT_NE(pool.open_flow(), other.open_flow());
}

TEST_F(StagingPool, TakesSlotsBackWhenLeasesGo) {
    const flow_id flow = pool.open_flow();
    staging_lease first = acquire(flow);
    staging_lease second = acquire(flow);
    EXPECT_EQ(pool.free_slots(), 2u);

    first = std::move(second);
    EXPECT_EQ(pool.free_slots(), 3u);
    EXPECT_TRUE(first);
    EXPECT_FALSE(second);

    {
        const staging_lease third = std::move(first);
    }
    EXPECT_EQ(pool.free_slots(), 4u);
    pool.close_flow(flow);
}

TEST_F(StagingPool, UsesTheSlotAgainThatTheCachesKnow) {
    const flow_id flow = pool.open_flow();
    const std::byte* memory = nullptr;
    {
        const staging_lease held = acquire(flow);
        memory = held.input().data();
    }

    const staging_lease again = acquire(flow);

    EXPECT_EQ(again.input().data(), memory);
}

TEST_F(StagingPool, ServesOneFlowInTheOrderOfAsking) {
    const flow_id flow = pool.open_flow();
    take_all(flow);
    for (int number = 1; number <= 4; ++number) ask(flow, {'a', number});
    EXPECT_TRUE(granted.empty());

    for (int count = 0; count < 4; ++count) give_one_back();

    EXPECT_EQ(granted, (std::vector<grant>{{'a', 1}, {'a', 2}, {'a', 3}, {'a', 4}}));
}

TEST_F(StagingPool, ServesWaitingFlowsInTurn) {
    const flow_id a = pool.open_flow(), b = pool.open_flow(), c = pool.open_flow();
    take_all(a);
    for (int number = 1; number <= 4; ++number) ask(a, {'a', number});
    for (int number = 1; number <= 2; ++number) ask(b, {'b', number});
    ask(c, {'c', 1});

    for (int count = 0; count < 7; ++count) give_one_back();

    EXPECT_EQ(granted, (std::vector<grant>{
                           {'a', 1}, {'b', 1}, {'c', 1}, {'a', 2}, {'b', 2}, {'a', 3}, {'a', 4}}));
}

// Slots that come back together are dealt out one by one, before any coroutine runs.
TEST_F(StagingPool, SharesSlotsThatComeBackTogether) {
    const flow_id a = pool.open_flow(), b = pool.open_flow();
    take_all(a);
    for (int number = 1; number <= 3; ++number) ask(a, {'a', number});
    for (int number = 1; number <= 3; ++number) ask(b, {'b', number});

    leases.clear();
    EXPECT_EQ(pool.free_slots(), 0u);
    test::settle(context);

    EXPECT_EQ(granted, (std::vector<grant>{{'a', 1}, {'b', 1}, {'a', 2}, {'b', 2}}));
}

TEST_F(StagingPool, NobodyOvertakesWhoWaits) {
    const flow_id a = pool.open_flow(), b = pool.open_flow();
    take_all(a);
    ask(a, {'a', 1});
    leases.erase(leases.begin());  // granted to a, which has not run yet

    EXPECT_EQ(pool.free_slots(), 0u);
    ask(b, {'b', 1});

    EXPECT_EQ(granted, (std::vector<grant>{{'a', 1}}));
    give_one_back();
    EXPECT_EQ(granted, (std::vector<grant>{{'a', 1}, {'b', 1}}));
}

TEST_F(StagingPool, CountsPerFlow) {
    const flow_id a = pool.open_flow(), b = pool.open_flow();
    take_all(a);
    ask(b, {'b', 1});

    EXPECT_EQ(pool.statistics(a).granted, 4u);
    EXPECT_EQ(pool.statistics(a).leased, 4u);
    EXPECT_EQ(pool.statistics(b).waiting, 1u);

    give_one_back();
    EXPECT_EQ(pool.statistics(a).leased, 3u);
    EXPECT_EQ(pool.statistics(b).leased, 1u);
    EXPECT_EQ(pool.statistics(b).waiting, 0u);
}

TEST_F(StagingPool, KeepsASlotForEachFlowThatIsPromisedOne) {
    staging_pool promised(context.get_executor(),
                          {.slots = 5, .input_bytes = 4096, .slack_bytes = 0, .flows_promised = 3});
    const flow_id greedy = promised.open_flow();
    std::vector<staging_lease> held;
    for (int count = 0; count < 3; ++count)
        held.push_back(test::run(context, promised.acquire(greedy)));
    asio::co_spawn(context, take_into(promised, greedy, held), asio::detached);
    test::settle(context);
    EXPECT_EQ(held.size(), 3u);
    EXPECT_EQ(promised.free_slots(), 2u);

    // Flows that come later get theirs at once, although somebody has been waiting for longer.
    const flow_id second = promised.open_flow(), third = promised.open_flow();
    staging_lease one = test::run(context, promised.acquire(second));
    staging_lease other = test::run(context, promised.acquire(third));
    EXPECT_EQ(held.size(), 3u);

    // What they give back is theirs still.
    one = {};
    test::settle(context);
    EXPECT_EQ(held.size(), 3u);
    EXPECT_EQ(promised.free_slots(), 1u);
    held.erase(held.begin());
    test::settle(context);
    EXPECT_EQ(held.size(), 3u);
    EXPECT_EQ(promised.statistics(greedy).waiting, 0u);
}

TEST_F(StagingPool, WakesWhoWaitsWhenAStopIsAskedFor) {
    const flow_id holder = pool.open_flow(), waiter = pool.open_flow();
    take_all(holder);
    std::stop_source stop;
    std::vector<error_code> ended;
    for (int count = 0; count < 2; ++count)
        asio::co_spawn(context, try_acquire(pool, waiter, stop.get_token(), ended), asio::detached);
    test::settle(context);
    EXPECT_EQ(pool.statistics(waiter).waiting, 2u);

    std::thread([&stop] { stop.request_stop(); }).join();
    test::settle(context);

    EXPECT_EQ(ended, std::vector<error_code>(2, asio::error::operation_aborted));
    EXPECT_EQ(pool.statistics(waiter).waiting, 0u);
    EXPECT_THROW(test::run(context, pool.acquire(waiter, stop.get_token())), system_error);
    pool.close_flow(waiter);
    // Those who go on waiting are served as before.
    ask(holder, {'a', 1});
    give_one_back();
    EXPECT_EQ(granted, (std::vector<grant>{{'a', 1}}));
}

TEST_F(StagingPool, LosesNoSlotThatWasGrantedToWhoIsStopped) {
    const flow_id holder = pool.open_flow(), waiter = pool.open_flow();
    take_all(holder);
    std::stop_source stop;
    std::vector<error_code> ended;
    asio::co_spawn(context, try_acquire(pool, waiter, stop.get_token(), ended), asio::detached);
    test::settle(context);

    leases.erase(leases.begin());  // granted to the waiter, which has not run yet
    stop.request_stop();
    test::settle(context);

    EXPECT_EQ(ended, std::vector<error_code>{error_code()});
    EXPECT_EQ(pool.free_slots(), 1u);
}

TEST_F(StagingPool, NeverUsesAFlowsNameAgain) {
    const flow_id first = pool.open_flow();
    pool.close_flow(first);

    EXPECT_NE(pool.open_flow(), first);
}

awaitable<> hold_and_want_more(staging_pool& pool, flow_id flow) {
    const staging_lease held = co_await pool.acquire(flow);
    const staging_lease wanted = co_await pool.acquire(flow);
}

TEST(StagingShutdown, WaitingCoroutinesGoQuietlyWithTheirContext) {
    auto context = std::make_unique<asio::io_context>();
    staging_pool pool(context->get_executor(), {.slots = 1, .input_bytes = 4096, .slack_bytes = 0});
    const flow_id flow = pool.open_flow();
    for (int count = 0; count < 3; ++count)
        asio::co_spawn(*context, hold_and_want_more(pool, flow), asio::detached);
    test::settle(*context);
    ASSERT_EQ(pool.free_slots(), 0u);

    context.reset();

    EXPECT_EQ(pool.free_slots(), 1u);
    pool.close_flow(flow);
}

#ifndef NDEBUG
void keep_a_lease() {
    asio::io_context context;
    staging_lease kept;
    staging_pool pool(context.get_executor(), {.slots = 1, .input_bytes = 4096, .slack_bytes = 0});
    kept = test::run(context, pool.acquire(pool.open_flow()));
}

TEST(StagingDeathTest, LeasesMustNotOutliveThePool) {
    EXPECT_DEATH(keep_a_lease(), "outlives its pool");
}
#endif

class HostMemory : public testing::TestWithParam<page_kind> {};

TEST_P(HostMemory, IsZeroWritableAndAligned) {
    constexpr std::size_t size_bytes = (5 << 20) + 4096;

    const host_memory memory(size_bytes, GetParam());

    const bytes_span bytes = memory.bytes();
    ASSERT_EQ(bytes.size(), size_bytes);
    EXPECT_LE(memory.kind(), GetParam());
    const std::size_t page_bytes = memory.kind() == page_kind::small ? 4096 : 2 << 20;
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bytes.data()) % page_bytes, 0u);
    EXPECT_EQ(bytes.front(), std::byte{0});
    EXPECT_EQ(bytes.back(), std::byte{0});
    std::fill(bytes.begin(), bytes.end(), std::byte{0xFF});
}

INSTANTIATE_TEST_SUITE_P(EachKind, HostMemory,
                         testing::Values(page_kind::small, page_kind::transparent_huge,
                                         page_kind::huge));

TEST(HostMemoryLimits, SaysWhenThereIsNone) {
    try {
        const host_memory memory(std::size_t{1} << 60);
        FAIL() << "an exabyte";
    } catch (const system_error& error) {
        EXPECT_EQ(error.code(), boost::system::errc::not_enough_memory);
    }
}

TEST(HostMemoryLimits, NamesItsPages) {
    EXPECT_EQ(page_kind_name(page_kind::small), "4 KiB pages");
    EXPECT_EQ(page_kind_name(page_kind::transparent_huge), "transparent huge pages");
    EXPECT_EQ(page_kind_name(page_kind::huge), "huge pages (2 MiB)");
}

}  // namespace
}  // namespace peerpress::io
