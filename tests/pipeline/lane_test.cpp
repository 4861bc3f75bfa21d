#include "pipeline/lane.hpp"

#include "tests/pipeline/transfer_fixture.hpp"

#include <pthread.h>

namespace peerpress {
namespace {

using namespace test;

awaitable<std::thread::id> thread_of_lane() {
    co_return std::this_thread::get_id();
}
awaitable<std::string> name_of_thread() {
    char name[16]{};
    pthread_getname_np(pthread_self(), name, sizeof name);
    co_return std::string(name);
}

TEST(Lane, RunsWhatItIsGivenOnOneThreadOfItsOwn) {
    test_lane on;

    const std::thread::id first = on.run(thread_of_lane());
    const std::thread::id second = on.run(thread_of_lane());

    EXPECT_EQ(first, second);
    EXPECT_NE(first, std::this_thread::get_id());
    EXPECT_EQ(on.run(name_of_thread()), "peerpress-lane");
}

TEST(Lane, MakesItsEngineOnItsThread) {
    std::thread::id made;
    const auto make = [&](asio::any_io_executor executor) {
        made = std::this_thread::get_id();
        return two_threads(executor);
    };

    test_lane on(small_lane(), make);

    EXPECT_EQ(made, on.run(thread_of_lane()));
}

TEST(Lane, ThrowsWhatItsEngineThrows) {
    const auto make = [](asio::any_io_executor) -> std::unique_ptr<accel::accelerator> {
        throw std::runtime_error("no engine");
    };

    EXPECT_THROW(pipeline::lane(make, small_lane()), std::runtime_error);
}

TEST(Lane, ThrowsWhereItsMemoryCannotBeHad) {
    pipeline::lane_options options;
    options.staging = {.slots = 1u << 31, .input_bytes = 1u << 31, .slack_bytes = 64 << 10};

    EXPECT_THROW(pipeline::lane(two_threads, options), system_error);
}

TEST(Lane, IsQuickToComeAndGo) {
    for (int count = 0; count < 20; ++count) test_lane on(small_lane(1, 4096));
}

}  // namespace
}  // namespace peerpress
