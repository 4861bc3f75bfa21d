#include "io/event.hpp"

#include "tests/support/run.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace peerpress::io {
namespace {

awaitable<> wait_and_note(event& awaited, std::vector<int>& woken, int name) {
    co_await awaited.wait();
    woken.push_back(name);
}

class Event : public testing::Test {
protected:
    void start_waiter(int name) {
        asio::co_spawn(context, wait_and_note(changed, woken, name), asio::detached);
        test::settle(context);
    }

    asio::io_context context;
    event changed{context.get_executor()};
    std::vector<int> woken;
};

TEST_F(Event, WakesTheLongestWaiterFirst) {
    start_waiter(1);
    start_waiter(2);

    changed.notify_one();
    test::settle(context);

    EXPECT_EQ(woken, (std::vector{1}));
    EXPECT_EQ(changed.waiting(), 1u);
}

TEST_F(Event, WakesAllInOrder) {
    for (int name = 1; name <= 3; ++name) start_waiter(name);

    changed.notify_all();
    test::settle(context);

    EXPECT_EQ(woken, (std::vector{1, 2, 3}));
}

TEST_F(Event, NeverResumesInsideTheNotification) {
    start_waiter(1);

    changed.notify_all();

    EXPECT_TRUE(woken.empty());
    EXPECT_EQ(changed.waiting(), 0u);
    test::settle(context);
    EXPECT_EQ(woken, (std::vector{1}));
}

TEST_F(Event, HasNoMemory) {
    changed.notify_all();
    changed.notify_one();

    start_waiter(1);

    EXPECT_TRUE(woken.empty());
    EXPECT_EQ(changed.waiting(), 1u);
}

// A coroutine that owns the event it waits for, and tells when its frame goes.
awaitable<> wait_for_own_event(std::shared_ptr<int> token) {
    event own(co_await asio::this_coro::executor);
    co_await own.wait();
    ++*token;
}

TEST(EventShutdown, DestroysCoroutinesThatOwnTheEventTheyWaitFor) {
    const auto token = std::make_shared<int>(0);
    {
        asio::io_context context;
        asio::co_spawn(context, wait_for_own_event(token), asio::detached);
        test::settle(context);
        ASSERT_EQ(token.use_count(), 2);
    }

    EXPECT_EQ(token.use_count(), 1);
    EXPECT_EQ(*token, 0);
}

TEST(EventShutdown, OutlivesItsContext) {
    auto context = std::make_unique<asio::io_context>();
    event changed(context->get_executor());
    std::vector<int> woken;
    asio::co_spawn(*context, wait_and_note(changed, woken, 1), asio::detached);
    test::settle(*context);

    context.reset();

    EXPECT_TRUE(changed.abandoned());
    EXPECT_EQ(changed.waiting(), 0u);
    changed.notify_all();
    EXPECT_TRUE(woken.empty());
}

TEST(EventShutdown, TakesItsWaitersWithItWhenDestroyedFirst) {
    asio::io_context context;
    const auto token = std::make_shared<int>(0);
    auto changed = std::make_unique<event>(context.get_executor());
    const auto hold = [](event& awaited, std::shared_ptr<int>) -> awaitable<> {
        co_await awaited.wait();
    };
    asio::co_spawn(context, hold(*changed, token), asio::detached);
    test::settle(context);

    changed.reset();
    test::settle(context);  // a coroutine is unwound through its executor

    EXPECT_EQ(token.use_count(), 1);
}

}  // namespace
}  // namespace peerpress::io
