#include "io/ring_context.hpp"

#include "io/event.hpp"
#include "io/uring.hpp"
#include "tests/support/files.hpp"
#include "tests/support/random_bytes.hpp"
#include "tests/support/temp_dir.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

namespace peerpress::io {
namespace {

using namespace std::chrono_literals;
using test::make_pipe;
using test::pipe_ends;

asio::any_io_executor tracked(ring_context& context) {
    return asio::prefer(asio::any_io_executor(context.get_executor()),
                        asio::execution::outstanding_work.tracked);
}

TEST(RingContext, RunsWhatIsPostedAndReturns) {
    ring_context context;
    std::vector<int> order;
    asio::post(context.get_executor(), [&] {
        asio::post(context.get_executor(), [&] { order.push_back(3); });
        asio::dispatch(context.get_executor(), [&] { order.push_back(1); });
        order.push_back(2);
    });

    context.run();

    EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TEST(RingContext, RunsNothingInTheThreadOfWhoDispatchesFromElsewhere) {
    ring_context context;
    std::thread::id ran;
    asio::dispatch(context.get_executor(), [&] { ran = std::this_thread::get_id(); });
    EXPECT_EQ(ran, std::thread::id());

    std::thread([&] {
        context.run();
        EXPECT_NE(ran, std::thread::id());
    }).join();
}

TEST(RingContext, RunsOnWhileAnExecutorTracksWork) {
    ring_context context;
    asio::any_io_executor work = tracked(context);
    bool ran = false;
    std::thread other([&] {
        std::this_thread::sleep_for(5ms);
        asio::post(work, [&] { ran = true; });
        work = {};
    });

    context.run();

    EXPECT_TRUE(ran);
    other.join();
}

TEST(RingContext, DestroysWhatNeverRan) {
    const auto held = std::make_shared<int>(1);
    {
        ring_context context;
        asio::post(context.get_executor(), [held] {});
        asio::post(context.get_executor(), [held, big = std::array<char, 1000>{}] { (void)big; });
        EXPECT_EQ(held.use_count(), 3);
    }
    EXPECT_EQ(held.use_count(), 1);
}

awaitable<> wait_for_ever(event& never, std::shared_ptr<int>) {
    co_await never.wait();
}

TEST(RingContext, UnwindsCoroutinesThatGoWithIt) {
    const auto held = std::make_shared<int>(1);
    {
        ring_context context;
        event never(context.get_executor());
        asio::co_spawn(context.get_executor(), wait_for_ever(never, held), asio::detached);
        EXPECT_GT(held.use_count(), 1);
    }
    EXPECT_EQ(held.use_count(), 1);
}

TEST(RingContext, RunsTimers) {
    ring_context context;
    asio::steady_timer timer(context.get_executor(), 2ms);
    std::thread::id ran;
    timer.async_wait([&](error_code ec) {
        EXPECT_FALSE(ec);
        ran = std::this_thread::get_id();
    });

    context.run();

    EXPECT_EQ(ran, std::this_thread::get_id());
}

class RingContextWithRing : public testing::Test {
protected:
    ~RingContextWithRing() override {
        ring.close();
        run(ring.drained());
    }

    // What `work` throws.
    void run(awaitable<> work) {
        std::exception_ptr failed;
        asio::co_spawn(context.get_executor(), std::move(work),
                       [&](std::exception_ptr error) { failed = std::move(error); });
        context.run();
        if (failed) std::rethrow_exception(failed);
    }

    ring_context context;
    uring ring{context.get_executor(), {.queue_depth = 4}};
};

awaitable<> write_and_read(uring& ring, int fd, bytes_view data, bytes_span back) {
    EXPECT_EQ(co_await ring.async_write(fd, data, 0), data.size());
    EXPECT_EQ(co_await ring.async_read(fd, back, 0), data.size());
    EXPECT_EQ(co_await ring.async_read(fd, back, 0, asio::deferred), data.size());
}

TEST_F(RingContextWithRing, SubmitsAndWaitsByOneCall) {
    const test::temp_dir dir;
    const unique_fd fd = test::open_file(dir / "file");
    const std::vector<std::byte> data = test::incompressible_bytes(5000, 1);
    std::vector<std::byte> back(5000);

    run(write_and_read(ring, fd.get(), data, back));

    EXPECT_EQ(back, data);
    EXPECT_EQ(ring.counters().operations, 3u);
    EXPECT_EQ(ring.counters().submissions, 3u);
}

TEST_F(RingContextWithRing, SubmitsTheOperationsOfOneTurnTogether) {
    const test::temp_dir dir;
    const unique_fd fd = test::open_file(dir / "file");
    std::array<std::byte, 16> into;
    int ended = 0;
    for (int read = 0; read < 4; ++read)
        ring.async_read(fd.get(), into, 0, [&](error_code, std::size_t) { ++ended; });

    context.run();

    EXPECT_EQ(ended, 4);
    EXPECT_LE(ring.counters().submissions, 2u);
}

TEST_F(RingContextWithRing, CompletesInsideNoCallOfTheRing) {
    ring.close();
    std::array<std::byte, 16> into;
    std::optional<error_code> ended;
    ring.async_read(0, into, 0, [&](error_code ec, std::size_t) { ended = ec; });
    EXPECT_FALSE(ended);

    context.run();

    EXPECT_EQ(ended, asio::error::operation_aborted);
}

TEST_F(RingContextWithRing, TakesPostsOfOtherThreadsWhileItWaits) {
    const pipe_ends pipe = make_pipe();
    std::array<std::byte, 1> into;
    int posts = 0;
    ring.async_read(pipe.read.get(), into, no_offset, [](error_code, std::size_t) {});
    std::thread other([&] {
        for (int count = 0; count < 1000; ++count)
            asio::post(context.get_executor(), [&] {
                if (++posts == 1000) {
                    EXPECT_EQ(::write(pipe.write.get(), "x", 1), 1);
                }
            });
    });

    context.run();

    EXPECT_EQ(posts, 1000);
    other.join();
}

TEST_F(RingContextWithRing, WaitsBesideTimers) {
    const pipe_ends pipe = make_pipe();
    std::array<std::byte, 1> into;
    std::optional<error_code> ended;
    asio::cancellation_signal signal;
    ring.async_read(pipe.read.get(), into, no_offset,
                    asio::bind_cancellation_slot(signal.slot(),
                                                 [&](error_code ec, std::size_t) { ended = ec; }));
    asio::steady_timer timer(context.get_executor(), 2ms);
    timer.async_wait([&](error_code) { signal.emit(asio::cancellation_type::total); });

    context.run();

    EXPECT_EQ(ended, asio::error::operation_aborted);
}

TEST_F(RingContextWithRing, CloseEndsWhatIsUnderWayAndWhatWaits) {
    const pipe_ends pipe = make_pipe();
    std::array<std::byte, 1> into;
    int aborted = 0;
    for (int read = 0; read < 9; ++read)
        ring.async_read(pipe.read.get(), into, no_offset, [&](error_code ec, std::size_t) {
            aborted += ec == asio::error::operation_aborted;
        });
    EXPECT_EQ(ring.in_flight(), 4u);
    asio::post(context.get_executor(), [&] { ring.close(); });

    context.run();

    EXPECT_EQ(aborted, 9);
    EXPECT_EQ(ring.in_flight() + ring.waiting(), 0u);
}

// Such as those of a job that is stopped by what one of its operations found.
TEST_F(RingContextWithRing, ItsHandlersMayCloseTheRing) {
    const pipe_ends pipe = make_pipe();
    std::array<std::byte, 1> into;
    int ended = 0;
    for (int read = 0; read < 4; ++read)
        ring.async_read(pipe.read.get(), into, no_offset, [&](error_code, std::size_t) {
            ++ended;
            ring.close();
        });
    ASSERT_EQ(::write(pipe.write.get(), "x", 1), 1);

    context.run();

    EXPECT_EQ(ended, 4);
}

TEST_F(RingContextWithRing, HasRoomForASecondRing) {
    uring second(context.get_executor(), {.queue_depth = 4});
    const pipe_ends pipe = make_pipe();
    std::array<std::byte, 1> into;
    std::size_t got = 0;
    second.async_read(pipe.read.get(), into, no_offset,
                      [&](error_code, std::size_t bytes) { got = bytes; });
    ring.async_write(pipe.write.get(), into, no_offset, [](error_code, std::size_t) {});

    context.run();

    EXPECT_EQ(got, 1u);
    second.close();
}

// Many at a time, so that completions are waited for together.
awaitable<> read_again_and_again(uring& ring, int fd, bytes_span into, int times, int& left) {
    for (int read = 0; read < times; ++read)
        EXPECT_EQ(co_await ring.async_read(fd, into, 0), into.size());
    --left;
}

TEST(RingContextUnderLoad, CompletesEveryOperation) {
    ring_context context;
    uring ring(context.get_executor(), {.queue_depth = 32});
    const test::temp_dir dir;
    const std::vector<std::byte> data = test::incompressible_bytes(4096, 1);
    test::write_file(dir / "file", data);
    const unique_fd fd = test::open_file(dir / "file", O_RDONLY);
    std::vector<std::array<std::byte, 4096>> into(32);
    int left = 32;
    for (auto& each : into)
        asio::co_spawn(context.get_executor(),
                       read_again_and_again(ring, fd.get(), each, 300, left), asio::detached);

    context.run();

    EXPECT_EQ(left, 0);
    EXPECT_EQ(ring.counters().operations, 32u * 300);
    EXPECT_LT(ring.counters().submissions, 32u * 300 / 2);
}

}  // namespace
}  // namespace peerpress::io
