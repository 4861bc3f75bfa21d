#include "accel/software/fair_queue.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace peerpress::accel::software {
namespace {

constexpr io::flow_id a{1};
constexpr io::flow_id b{2};
constexpr io::flow_id c{3};

// And it is done at once.
char take(fair_queue<char>& queue, std::uint64_t cost = 1) {
    const auto next = queue.pop();
    queue.done(next.flow, cost);
    return next.item;
}

std::string drain(fair_queue<char>& queue) {
    std::string order;
    while (!queue.empty()) order += take(queue);
    return order;
}

TEST(FairQueue, TakesFlowsInTurnAndEachInItsOwnOrder) {
    fair_queue<char> queue;
    for (const char item : {'1', '2', '3', '4'}) queue.push(a, item);
    for (const char item : {'x', 'y'}) queue.push(b, item);
    queue.push(c, '!');

    EXPECT_EQ(drain(queue), "1x!2y34");
}

TEST(FairQueue, LetsANewcomerWaitForNothingThatIsQueued) {
    fair_queue<char> queue;
    for (int count = 0; count < 100; ++count) queue.push(a, 'a');
    const auto under_way = queue.pop();

    queue.push(b, 'b');
    queue.done(under_way.flow, 200);

    EXPECT_EQ(take(queue), 'b');
    EXPECT_EQ(take(queue), 'a');
}

TEST(FairQueue, GivesEveryFlowAsMuchTimeAsTheOthers) {
    fair_queue<char> queue;
    for (int count = 0; count < 3; ++count) queue.push(a, 'A');
    for (int count = 0; count < 9; ++count) queue.push(b, 'b');

    std::string order;
    while (!queue.empty()) {
        const auto next = queue.pop();
        queue.done(next.flow, next.item == 'A' ? 3 : 1);
        order += next.item;
    }

    EXPECT_EQ(order, "AbbbAbbbAbbb");
}

TEST(FairQueue, GivesAFlowThatComesBackNoTurnAhead) {
    fair_queue<char> queue;
    queue.push(a, '1');
    queue.push(b, 'x');
    queue.push(b, 'y');
    EXPECT_EQ(take(queue), '1');

    queue.push(a, '2');

    EXPECT_EQ(drain(queue), "x2y");
}

TEST(FairQueue, ForgetsWhatAFlowHadWhenItHasNothingLeft) {
    fair_queue<char> queue;
    queue.push(a, '1');
    EXPECT_EQ(take(queue, 1000), '1');

    queue.push(a, '2');
    queue.push(b, 'x');

    EXPECT_EQ(drain(queue), "2x");
}

TEST(FairQueue, TakesItemsThatCanOnlyBeMoved) {
    fair_queue<std::unique_ptr<int>> queue;
    queue.push(a, std::make_unique<int>(7));

    EXPECT_EQ(*queue.pop().item, 7);
    EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace peerpress::accel::software
