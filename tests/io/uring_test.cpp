#include "io/uring.hpp"

#include "tests/support/files.hpp"
#include "tests/support/random_bytes.hpp"
#include "tests/support/run.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <random>
#include <vector>

namespace peerpress::io {
namespace {

using test::make_pipe;
using test::pipe_ends;

const error_code aborted = asio::error::operation_aborted;

// How one operation ended.
struct ending {
    std::optional<error_code> ec;
    std::size_t bytes = 0;

    auto handler() {
        return [this](error_code ended_with, std::size_t moved) {
            ec = ended_with;
            bytes = moved;
        };
    }
    bool pending() const { return !ec.has_value(); }
};

class Uring : public testing::Test {
protected:
    explicit Uring(uring_options options = {.queue_depth = 4})
        : ring(context.get_executor(), options) {}

    // Tests that leave operations behind call it themselves, while the memory of these still lives.
    void close_ring() {
        ring.close();
        test::run(context, ring.drained());
    }

    ~Uring() override { close_ring(); }

    void run_until_idle() {
        test::settle(context);
        context.restart();
        context.run_for(std::chrono::seconds(20));
    }

    asio::io_context context;
    uring ring;
};

TEST_F(Uring, ReadsAndWritesAtOffsets) {
    const test::temp_dir dir;
    const unique_fd fd = test::open_file(dir / "file");
    const std::vector<std::byte> data = test::incompressible_bytes(5000, 1);

    EXPECT_EQ(test::run(context, ring.async_write(fd.get(), data, 3000)), 5000u);

    std::vector<std::byte> back(6000);
    EXPECT_EQ(test::run(context, ring.async_read(fd.get(), back, 3000)), 5000u);
    back.resize(5000);
    EXPECT_EQ(back, data);
    EXPECT_NO_THROW(test::run(context, ring.async_fsync(fd.get(), false)));
    EXPECT_NO_THROW(test::run(context, ring.async_fsync(fd.get(), true)));
}

TEST_F(Uring, CompletesWithTheKernelsError) {
    std::array<std::byte, 16> into;

    const error_code ec = test::run_error(context, ring.async_read(-1, into, 0));

    EXPECT_EQ(ec, boost::system::errc::bad_file_descriptor);
    EXPECT_EQ(ec.category(), boost::system::system_category());
    EXPECT_EQ(test::run_error(context, ring.async_fsync(-1, false)),
              boost::system::errc::bad_file_descriptor);
}

TEST_F(Uring, DoesNotKeepAnIdleContextRunning) {
    const test::temp_dir dir;
    const unique_fd fd = test::open_file(dir / "file");
    std::array<std::byte, 16> into;
    ending read;
    ring.async_read(fd.get(), into, 0, read.handler());

    run_until_idle();

    EXPECT_FALSE(read.pending());
    EXPECT_TRUE(context.stopped());
}

TEST_F(Uring, CompletesInsideNoCallOfItsOwn) {
    std::array<std::byte, 16> into;
    ring.close();
    ending read;

    ring.async_read(0, into, 0, read.handler());

    EXPECT_TRUE(read.pending());
    test::settle(context);
    EXPECT_EQ(read.ec, aborted);
}

TEST_F(Uring, ForgetsAnOperationBeforeItsHandlerRuns) {
    const test::temp_dir dir;
    const unique_fd fd = test::open_file(dir / "file");
    std::array<std::byte, 16> into;
    std::optional<std::uint32_t> in_flight_seen;

    ring.async_read(fd.get(), into, 0,
                    [&](error_code, std::size_t) { in_flight_seen = ring.in_flight(); });
    EXPECT_EQ(ring.in_flight(), 1u);
    run_until_idle();

    EXPECT_EQ(in_flight_seen, 0u);
}

TEST_F(Uring, SubmitsTheOperationsOfOneTurnTogether) {
    const test::temp_dir dir;
    const unique_fd fd = test::open_file(dir / "file");
    std::array<std::byte, 16> into;
    std::array<ending, 4> reads;
    for (ending& read : reads) ring.async_read(fd.get(), into, 0, read.handler());

    run_until_idle();

    EXPECT_EQ(ring.counters().operations, 4u);
    EXPECT_EQ(ring.counters().submissions, 1u);
}

// 1000 reads in a ring of 4: each does what it should, in the kernel are never more than 4.
TEST_F(Uring, HoldsMoreOperationsThanTheKernelTakes) {
    const test::temp_dir dir;
    const std::vector<std::byte> data = test::incompressible_bytes(1000 * 8, 2);
    test::write_file(dir / "file", data);
    const unique_fd fd = test::open_file(dir / "file", O_RDONLY);
    std::vector<std::byte> back(data.size());
    std::vector<std::size_t> order;
    std::uint32_t in_flight_max = 0;

    for (std::size_t index = 0; index < 1000; ++index) {
        const bytes_span into = bytes_span(back).subspan(index * 8, 8);
        ring.async_read(fd.get(), into, index * 8, [&, index](error_code ec, std::size_t bytes) {
            EXPECT_FALSE(ec);
            EXPECT_EQ(bytes, 8u);
            order.push_back(index);
            in_flight_max = std::max(in_flight_max, ring.in_flight());
        });
    }
    EXPECT_EQ(ring.in_flight(), 4u);
    EXPECT_EQ(ring.waiting(), 996u);
    run_until_idle();

    EXPECT_EQ(back, data);
    EXPECT_EQ(order.size(), 1000u);
    EXPECT_LE(in_flight_max, 4u);
    EXPECT_EQ(ring.in_flight() + ring.waiting(), 0u);
}

TEST_F(Uring, WaitingOperationsStartInOrder) {
    const pipe_ends pipe = make_pipe();
    const pipe_ends other = make_pipe();
    std::array<std::byte, 1> ignored;
    std::array<ending, 4> fillers;
    for (ending& filler : fillers)
        ring.async_read(pipe.read.get(), ignored, no_offset, filler.handler());
    std::array<std::array<std::byte, 1>, 3> into;
    std::array<ending, 3> reads;
    for (std::size_t index = 0; index < 3; ++index)
        ring.async_read(other.read.get(), into[index], no_offset, reads[index].handler());
    test::settle(context);
    ASSERT_EQ(ring.waiting(), 3u);
    const std::vector<std::byte> abc{std::byte{'a'}, std::byte{'b'}, std::byte{'c'}};
    ASSERT_EQ(::write(other.write.get(), abc.data(), 3), 3);

    ASSERT_EQ(::write(pipe.write.get(), "wxyz", 4), 4);
    run_until_idle();

    for (std::size_t index = 0; index < 3; ++index) EXPECT_EQ(into[index][0], abc[index]);
}

TEST_F(Uring, CancelsAReadOfAnEmptyPipe) {
    const pipe_ends pipe = make_pipe();
    std::array<std::byte, 16> into;
    asio::cancellation_signal signal;
    ending read;
    ring.async_read(pipe.read.get(), into, no_offset,
                    asio::bind_cancellation_slot(signal.slot(), read.handler()));
    test::settle(context);
    ASSERT_TRUE(read.pending());

    signal.emit(asio::cancellation_type::total);
    run_until_idle();

    EXPECT_EQ(read.ec, aborted);
    EXPECT_EQ(ring.in_flight(), 0u);
}

TEST_F(Uring, CancelsBeforeTheKernelHasSeenTheOperation) {
    const pipe_ends pipe = make_pipe();
    std::array<std::byte, 16> into;
    asio::cancellation_signal signal;
    ending read;
    ring.async_read(pipe.read.get(), into, no_offset,
                    asio::bind_cancellation_slot(signal.slot(), read.handler()));

    signal.emit(asio::cancellation_type::total);
    signal.emit(asio::cancellation_type::total);
    run_until_idle();

    EXPECT_EQ(read.ec, aborted);
}

TEST_F(Uring, CancelsAnOperationThatStillWaits) {
    const pipe_ends pipe = make_pipe();
    std::array<std::byte, 16> into;
    std::array<ending, 4> fillers;
    for (ending& filler : fillers)
        ring.async_read(pipe.read.get(), into, no_offset, filler.handler());
    asio::cancellation_signal signal;
    ending waiting, behind;
    ring.async_read(pipe.read.get(), into, no_offset,
                    asio::bind_cancellation_slot(signal.slot(), waiting.handler()));
    ring.async_read(pipe.read.get(), into, no_offset, behind.handler());

    signal.emit(asio::cancellation_type::total);
    test::settle(context);

    EXPECT_EQ(waiting.ec, aborted);
    EXPECT_EQ(ring.waiting(), 1u);
    EXPECT_TRUE(behind.pending());
    EXPECT_TRUE(fillers[0].pending());
    close_ring();
}

awaitable<bool> read_or_time_out(uring& ring, int fd, bytes_span into) {
    using namespace asio::experimental::awaitable_operators;
    asio::steady_timer timer(co_await asio::this_coro::executor, std::chrono::milliseconds(5));
    const auto first =
        co_await (ring.async_read(fd, into, no_offset) || timer.async_wait(asio::use_awaitable));
    co_return first.index() == 0;
}

TEST_F(Uring, LosesARaceAgainstATimer) {
    const pipe_ends pipe = make_pipe();
    std::array<std::byte, 16> into;

    EXPECT_FALSE(test::run(context, read_or_time_out(ring, pipe.read.get(), into)));
    EXPECT_EQ(ring.in_flight(), 0u);
}

TEST_F(Uring, CloseEndsEverythingAndRefusesMore) {
    const pipe_ends pipe = make_pipe();
    std::array<std::byte, 16> into;
    std::array<ending, 9> reads;
    for (ending& read : reads) ring.async_read(pipe.read.get(), into, no_offset, read.handler());
    test::settle(context);
    ASSERT_EQ(ring.in_flight(), 4u);
    ASSERT_EQ(ring.waiting(), 5u);

    ring.close();
    ring.close();
    test::run(context, ring.drained());

    for (const ending& read : reads) EXPECT_EQ(read.ec, aborted);
    EXPECT_EQ(test::run_error(context, ring.async_read(pipe.read.get(), into, no_offset)), aborted);
}

// Cancelled while they wait, before the kernel has seen them, while it holds them, and when they
// are done: every read ends exactly once, and no byte is counted twice or lost.
TEST_F(Uring, CancellationsAtAnyMomentLeaveNothingBehind) {
    struct cancellable {
        asio::cancellation_signal signal;
        std::array<std::byte, 3> into;
        int endings = 0;
    };
    std::mt19937_64 random(9);
    const pipe_ends pipe = make_pipe();
    std::vector<cancellable> reads(300);
    std::size_t written = 0, got = 0;
    for (cancellable& read : reads) {
        ring.async_read(
            pipe.read.get(), read.into, no_offset,
            asio::bind_cancellation_slot(read.signal.slot(), [&](error_code ec, std::size_t bytes) {
                ++read.endings;
                got += bytes;
                EXPECT_TRUE(!ec || ec == aborted) << ec.message();
            }));
        if (random() % 3 == 0)
            reads[random() % reads.size()].signal.emit(asio::cancellation_type::total);
        if (random() % 4 == 0)
            written += static_cast<std::size_t>(::write(pipe.write.get(), "ab", 2));
        if (random() % 2 == 0) context.poll_one();
        context.restart();
    }
    for (cancellable& read : reads) read.signal.emit(asio::cancellation_type::total);
    run_until_idle();

    for (const cancellable& read : reads) EXPECT_EQ(read.endings, 1);
    EXPECT_EQ(ring.in_flight() + ring.waiting(), 0u);
    std::array<std::byte, 1024> rest;
    ASSERT_EQ(::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK), 0);
    const ssize_t left = ::read(pipe.read.get(), rest.data(), rest.size());
    EXPECT_EQ(got + static_cast<std::size_t>(std::max<ssize_t>(left, 0)), written);
}

TEST_F(Uring, TellsWhenAPipeIsReady) {
    const pipe_ends pipe = make_pipe();
    ending to_read, to_write;
    const auto note = [](ending& noted) { return [&noted](error_code ec) { noted.ec = ec; }; };
    ring.async_wait(pipe.read.get(), readiness::to_read, note(to_read));
    ring.async_wait(pipe.write.get(), readiness::to_write, note(to_write));
    while (to_write.pending()) context.run_one();
    ASSERT_TRUE(to_read.pending());

    ASSERT_EQ(::write(pipe.write.get(), "x", 1), 1);
    run_until_idle();

    EXPECT_EQ(to_read.ec, error_code{});
}

TEST_F(Uring, HasNoCommandsUnlessAskedFor) {
    const std::array<std::byte, 72> command{};

    EXPECT_EQ(test::run_error(context, ring.async_command(0, 0, command)),
              boost::system::errc::operation_not_supported);
}

TEST_F(Uring, SurvivesItsDestructionWithASubmissionStillPosted) {
    std::array<std::byte, 16> into;
    ending read;
    {
        uring brief(context.get_executor());
        brief.async_read(-1, into, 0, read.handler());
        while (read.pending()) context.run_one();
        brief.close();
    }

    test::settle(context);

    EXPECT_EQ(read.ec, boost::system::errc::bad_file_descriptor);
}

class CommandUring : public Uring {
protected:
    CommandUring() : Uring({.queue_depth = 4, .commands = true}) {}
};

TEST_F(CommandUring, ReportsWhatTheKernelSaysOfACommand) {
    const test::temp_dir dir;
    const unique_fd fd = test::open_file(dir / "file");
    const std::array<std::byte, 72> command{};

    // A regular file takes no commands.
    EXPECT_EQ(test::run_error(context, ring.async_command(fd.get(), 0xC0484E80, command)),
              boost::system::errc::operation_not_supported);
}

TEST_F(CommandUring, RefusesACommandThatDoesNotFit) {
    const std::array<std::byte, 81> command{};

    EXPECT_EQ(test::run_error(context, ring.async_command(0, 0, command)),
              boost::system::errc::invalid_argument);
}

// 128-byte entries and 32-byte completions: neighbours must not run into each other.
TEST_F(CommandUring, ReadsAndWritesLikeAnyOther) {
    const test::temp_dir dir;
    const std::vector<std::byte> data = test::incompressible_bytes(64 * 512, 3);
    test::write_file(dir / "file", data);
    const unique_fd fd = test::open_file(dir / "file", O_RDONLY);
    std::vector<std::byte> back(data.size());
    std::array<ending, 64> reads;
    for (std::size_t index = 0; index < reads.size(); ++index)
        ring.async_read(fd.get(), bytes_span(back).subspan(index * 512, 512), index * 512,
                        reads[index].handler());

    run_until_idle();

    for (const ending& read : reads) EXPECT_EQ(read.bytes, 512u);
    EXPECT_EQ(back, data);
}

TEST(UringSetUp, SaysWhyThereIsNoRing) {
    asio::io_context context;

    EXPECT_THROW(uring(context.get_executor(), {.queue_depth = 1u << 30}), system_error);
}

#ifndef NDEBUG
void leave_a_buffer_with_the_kernel() {
    asio::io_context context;
    const pipe_ends pipe = make_pipe();
    std::array<std::byte, 16> into;
    uring ring(context.get_executor());
    ring.async_read(pipe.read.get(), into, no_offset, [](error_code, std::size_t) {});
}

TEST(UringDeathTest, MustNotGoWhileTheKernelOwnsABuffer) {
    EXPECT_DEATH(leave_a_buffer_with_the_kernel(), "still owned by the kernel");
}
#endif

}  // namespace
}  // namespace peerpress::io
