#include "pipeline/layout.hpp"

#include "io/task_group.hpp"
#include "tests/support/run.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

namespace peerpress::pipeline {
namespace {

struct Layout : testing::Test {
    asio::io_context context;
    layout order{context.get_executor()};
    std::vector<std::uint64_t> taken;

    static awaitable<> take(Layout& test, std::uint64_t index) {
        co_await test.order.turn(index);
        test.taken.push_back(index);
        test.order.pass();
    }
    static awaitable<> take_all(Layout& test, std::vector<std::uint64_t> indices) {
        io::task_group group(test.context.get_executor());
        for (const std::uint64_t index : indices) group.spawn(take(test, index));
        co_await group.join();
    }
};

TEST_F(Layout, GivesTurnsInOrderWhoeverComesFirst) {
    std::vector<std::uint64_t> indices(100);
    std::iota(indices.begin(), indices.end(), 0);
    std::vector<std::uint64_t> shuffled = indices;
    std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(1));

    test::run(context, take_all(*this, shuffled));

    EXPECT_EQ(taken, indices);
}

TEST_F(Layout, SendsEverybodyAwayOnceAbandoned) {
    error_code early;
    asio::co_spawn(context, take(*this, 1), [&](std::exception_ptr error) {
        try {
            std::rethrow_exception(error);
        } catch (const system_error& aborted) {
            early = aborted.code();
        }
    });
    test::settle(context);

    order.abandon();
    test::settle(context);

    EXPECT_EQ(early, asio::error::operation_aborted);
    EXPECT_EQ(test::run_error(context, take(*this, 0)), asio::error::operation_aborted);
    EXPECT_TRUE(taken.empty());
}

TEST_F(Layout, KeepsTheNextWithinItsDistance) {
    bool let_in = false;
    asio::co_spawn(context, order.keep_within(3, 1), [&](std::exception_ptr) { let_in = true; });

    test::settle(context);
    EXPECT_FALSE(let_in);
    order.pass();
    test::settle(context);
    EXPECT_FALSE(let_in);
    order.pass();
    test::settle(context);
    EXPECT_TRUE(let_in);
}

}  // namespace
}  // namespace peerpress::pipeline
