#include "accel/software/fair_queue.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>

namespace peerpress::accel::software {
namespace {

constexpr io::flow_id a{1};
constexpr io::flow_id b{2};
constexpr io::flow_id c{3};

std::string drain(fair_queue<char>& queue) {
    std::string order;
    while (!queue.empty()) order += queue.pop();
    return order;
}

TEST(FairQueue, TakesFlowsInTurnAndEachInItsOwnOrder) {
    fair_queue<char> queue;
    for (const char item : {'1', '2', '3', '4'}) queue.push(a, item);
    for (const char item : {'x', 'y'}) queue.push(b, item);
    queue.push(c, '!');

    EXPECT_EQ(drain(queue), "1x!2y34");
}

TEST(FairQueue, LetsANewcomerWaitForOneItemOfEveryOther) {
    fair_queue<char> queue;
    for (int count = 0; count < 100; ++count) queue.push(a, 'a');
    queue.pop();

    queue.push(b, 'b');

    EXPECT_EQ(queue.pop(), 'a');
    EXPECT_EQ(queue.pop(), 'b');
}

TEST(FairQueue, GivesAFlowThatComesBackNoTurnAhead) {
    fair_queue<char> queue;
    queue.push(a, '1');
    queue.push(b, 'x');
    queue.push(b, 'y');
    EXPECT_EQ(queue.pop(), '1');

    queue.push(a, '2');

    EXPECT_EQ(drain(queue), "x2y");
}

TEST(FairQueue, TakesItemsThatCanOnlyBeMoved) {
    fair_queue<std::unique_ptr<int>> queue;
    queue.push(a, std::make_unique<int>(7));

    EXPECT_EQ(*queue.pop(), 7);
    EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace peerpress::accel::software
