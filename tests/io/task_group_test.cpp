#include "io/task_group.hpp"

#include "tests/support/run.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace peerpress::io {
namespace {

using namespace std::chrono_literals;

// Lives for some turns of the executor, then counts itself or throws.
awaitable<> live_for(int turns, int* ended, const char* error = nullptr) {
    for (; turns > 0; --turns) co_await asio::post(asio::use_awaitable);
    ++*ended;
    if (error != nullptr) throw std::runtime_error(error);
}

class TaskGroup : public testing::Test {
protected:
    asio::io_context context;
    int ended = 0;
};

TEST_F(TaskGroup, JoinWaitsForEveryChild) {
    task_group group(context.get_executor());
    for (int turns = 0; turns < 20; ++turns) group.spawn(live_for(turns, &ended));

    test::run(context, group.join());

    EXPECT_EQ(ended, 20);
    EXPECT_EQ(group.live(), 0u);
    EXPECT_FALSE(group.failed());
}

TEST_F(TaskGroup, JoinEndsAtOnceWithoutChildren) {
    task_group group(context.get_executor());

    EXPECT_NO_THROW(test::run(context, group.join()));
}

TEST_F(TaskGroup, JoinThrowsTheFirstErrorAfterTheLastChild) {
    task_group group(context.get_executor());
    group.spawn(live_for(30, &ended));
    group.spawn(live_for(20, &ended, "second"));
    group.spawn(live_for(10, &ended, "first"));

    std::string caught;
    try {
        test::run(context, group.join());
    } catch (const std::runtime_error& error) {
        caught = error.what();
    }

    EXPECT_EQ(caught, "first");
    EXPECT_EQ(ended, 3);
}

TEST_F(TaskGroup, DoesNotStartChildrenInsideSpawn) {
    task_group group(context.get_executor());

    group.spawn(live_for(0, &ended));

    EXPECT_EQ(ended, 0);
    EXPECT_EQ(group.live(), 1u);
    test::run(context, group.join());
}

awaitable<> spawn_many(task_group& group, int children, std::uint32_t* live_max, int* ended) {
    for (int child = 0; child < children; ++child) {
        co_await group.room();
        if (group.failed()) co_return;
        group.spawn(live_for(1 + child % 7, ended));
        *live_max = std::max(*live_max, group.live());
    }
    co_await group.join();
}

TEST_F(TaskGroup, RoomKeepsTheBound) {
    task_group group(context.get_executor(), 3);
    std::uint32_t live_max = 0;

    test::run(context, spawn_many(group, 100, &live_max, &ended));

    EXPECT_EQ(live_max, 3u);
    EXPECT_EQ(ended, 100);
}

awaitable<> never_ends(event& never) {
    co_await never.wait();
}

TEST_F(TaskGroup, RoomGivesUpOnceTheGroupHasFailed) {
    task_group group(context.get_executor(), 1);
    event stop(context.get_executor());
    group.spawn(never_ends(stop));
    group.fail(std::make_exception_ptr(std::runtime_error("given up")));

    test::run(context, group.room());

    EXPECT_EQ(group.live(), 1u);
    stop.notify_all();
    EXPECT_THROW(test::run(context, group.join()), std::runtime_error);
}

TEST_F(TaskGroup, ToldErrorsWakeWhoWaitsForRoom) {
    task_group group(context.get_executor(), 1);
    event stop(context.get_executor());
    group.spawn(never_ends(stop));
    bool has_room = false;
    asio::co_spawn(context, group.room(), [&](std::exception_ptr) { has_room = true; });
    test::settle(context);
    ASSERT_FALSE(has_room);

    group.fail(std::make_exception_ptr(std::runtime_error("given up")));
    test::settle(context);

    EXPECT_TRUE(has_room);
    stop.notify_all();
    EXPECT_THROW(test::run(context, group.join()), std::runtime_error);
}

// A parent that is destroyed with its context while its children still live.
awaitable<> parent(std::shared_ptr<int> token, int* ended) {
    const auto executor = co_await asio::this_coro::executor;
    task_group group(executor);
    event never(executor);
    group.spawn(never_ends(never));
    group.spawn(live_for(3, ended));
    co_await group.join();
    ++*token;
}

TEST_F(TaskGroup, GoesQuietlyWithItsContext) {
    const auto token = std::make_shared<int>(0);
    {
        asio::io_context doomed;
        asio::co_spawn(doomed, parent(token, &ended), asio::detached);
        test::settle(doomed);
        ASSERT_EQ(token.use_count(), 2);
    }

    EXPECT_EQ(token.use_count(), 1);
    EXPECT_EQ(ended, 1);
}

#ifndef NDEBUG
void leave_a_child_behind() {
    asio::io_context context;
    event never(context.get_executor());
    task_group group(context.get_executor());
    group.spawn(never_ends(never));
}

TEST(TaskGroupDeathTest, ChildrenMustNotOutliveTheGroup) {
    EXPECT_DEATH(leave_a_child_behind(), "join\\(\\) first");
}
#endif

}  // namespace
}  // namespace peerpress::io
