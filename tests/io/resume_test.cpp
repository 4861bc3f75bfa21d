// Whole transfers out of pieces: short, refused for now, interrupted, in any order.
#include "io/file.hpp"
#include "io/retry.hpp"
#include "tests/io/scripted_file.hpp"
#include "tests/support/aligned_bytes.hpp"
#include "tests/support/random_bytes.hpp"
#include "tests/support/run.hpp"

#include <gtest/gtest.h>

#include <random>

namespace peerpress::io {
namespace {

using test::aligned_bytes;
using test::fails;
using test::moves;
using test::scripted_file;

constexpr alignment block{.memory_bytes = 512, .offset_bytes = 512};

storage_traits direct_traits(alignment alignment = block) {
    return {.size_bytes = 0,
            .seekable = true,
            .direct = true,
            .buffered_reason = {},
            .alignment = alignment};
}
storage_traits buffered_traits() {
    return {.size_bytes = 0,
            .seekable = true,
            .direct = false,
            .buffered_reason = "asked for",
            .alignment = {}};
}
storage_traits stream_traits() {
    return {.size_bytes = {},
            .seekable = false,
            .direct = false,
            .buffered_reason = "a stream",
            .alignment = {}};
}

class Resume : public testing::Test {
protected:
    void open(std::vector<std::byte> content, storage_traits traits,
              caching caching = caching::direct) {
        auto owned = std::make_unique<scripted_file>(std::move(content), traits.alignment);
        file = owned.get();
        storage = make_storage(std::move(owned), std::move(traits), caching);
    }

    std::vector<std::byte> read(std::uint64_t offset_bytes, std::size_t length_bytes) {
        aligned_bytes into(length_bytes);
        return into.first(test::run(context, storage->read(offset_bytes, into.span())));
    }

    error_code read_error(std::size_t length_bytes) {
        aligned_bytes into(length_bytes);
        return test::run_error(context, storage->read(0, into.span()));
    }

    asio::io_context context;
    scripted_file* file = nullptr;
    std::unique_ptr<io::storage> storage;
};

const std::vector<std::byte> data = test::incompressible_bytes(8192, 1);

std::vector<std::byte> part(std::size_t from, std::size_t length) {
    const auto begin = data.begin() + static_cast<std::ptrdiff_t>(from);
    return {begin, begin + static_cast<std::ptrdiff_t>(length)};
}

TEST_F(Resume, GoesOnAfterShortReads) {
    open(data, buffered_traits());
    file->script = {moves(1), moves(100), moves(3000)};

    EXPECT_EQ(read(512, 4096), part(512, 4096));
    EXPECT_EQ(file->rounds(), 4u);
}

TEST_F(Resume, AsksAgainWhenInterrupted) {
    open(data, direct_traits());
    file->script = {fails(EINTR), moves(512), fails(EINTR), fails(EINTR)};

    EXPECT_EQ(read(0, 4096), part(0, 4096));
    EXPECT_EQ(file->waits(), 0u);
}

TEST_F(Resume, WaitsBeforeItAsksAgainWhenRefusedForNow) {
    open(data, stream_traits());
    file->script = {fails(EAGAIN), moves(10), fails(EAGAIN), fails(EAGAIN)};

    EXPECT_EQ(read(0, 4096), part(0, 4096));
    EXPECT_EQ(file->waits(), 3u);
}

TEST_F(Resume, StepsBackToAnAlignedPlaceWhenADirectTransferEndsElsewhere) {
    open(data, direct_traits());
    file->script = {moves(700), moves(513)};

    EXPECT_EQ(read(0, 4096), part(0, 4096));
    EXPECT_EQ(file->misaligned_rounds(), 0u);
}

TEST_F(Resume, EndsAnUnalignedFileWithoutAskingAgain) {
    open(part(0, 5000), direct_traits());

    EXPECT_EQ(read(4096, 4096), part(4096, 904));
    EXPECT_EQ(file->rounds(), 1u);
    EXPECT_EQ(file->misaligned_rounds(), 0u);
}

TEST_F(Resume, ReadsNothingAtAndBeyondTheEnd) {
    open(data, direct_traits());

    EXPECT_TRUE(read(8192, 4096).empty());
    EXPECT_TRUE(read(65536, 4096).empty());
    EXPECT_TRUE(read(0, 0).empty());
}

// procfs gives its files the size 0.
class sizeless_file final : public raw_file {
public:
    awaitable<result<std::size_t>> read_some(std::uint64_t offset_bytes, bytes_span into) override {
        if (offset_bytes >= 30) co_return std::size_t{0};
        const std::size_t bytes = std::min<std::size_t>({10, into.size(), 30 - offset_bytes});
        std::fill_n(into.begin(), bytes, std::byte{7});
        co_return bytes;
    }
    awaitable<result<std::size_t>> write_some(std::uint64_t, bytes_view) override {
        co_return std::size_t{0};
    }
    awaitable<error_code> ready(readiness) override { co_return error_code{}; }
    awaitable<error_code> sync() override { co_return error_code{}; }
    result<std::uint64_t> size() override { return std::uint64_t{0}; }
    error_code truncate(std::uint64_t) override { return {}; }
    error_code make_buffered() override { return {}; }
};

TEST_F(Resume, ReadsFilesToTheirEndThatClaimToBeEmpty) {
    storage = make_storage(std::make_unique<sizeless_file>(), buffered_traits());

    EXPECT_EQ(read(0, 100).size(), 30u);
}

TEST_F(Resume, ThrowsWhatIsNoReasonToAskAgain) {
    for (const storage_traits& traits : {direct_traits(), buffered_traits(), stream_traits()}) {
        open(data, traits);
        file->script = {moves(10), fails(EIO)};

        EXPECT_EQ(read_error(4096), boost::system::errc::io_error);
    }
}

TEST_F(Resume, ThrowsWhenThePipeHasNoReader) {
    open({}, stream_traits());
    file->script = {moves(10), fails(EPIPE)};

    EXPECT_EQ(test::run_error(context, storage->write(0, data)), boost::system::errc::broken_pipe);
}

TEST_F(Resume, ThrowsWhenWaitingFails) {
    open(data, stream_traits());
    file->script = {fails(EAGAIN)};
    file->ready_error = asio::error::operation_aborted;

    EXPECT_EQ(read_error(4096), asio::error::operation_aborted);
}

TEST_F(Resume, GivesUpOnAFileThatNeverMoves) {
    const std::deque<test::round> stuck[] = {
        std::deque<test::round>(retry::fruitless_rounds_max + 1, fails(EAGAIN)),
        std::deque<test::round>(retry::fruitless_rounds_max + 1, fails(EINTR))};
    for (const auto& script : stuck) {
        open(data, buffered_traits());
        file->script = script;
        EXPECT_EQ(read_error(4096), script.front().ec);
    }

    for (const storage_traits& traits : {direct_traits(), stream_traits()}) {
        open({}, traits);
        file->script.assign(retry::fruitless_rounds_max + 1, moves(0));
        aligned_bytes from(4096);
        EXPECT_EQ(test::run_error(context, storage->write(0, from.span())),
                  boost::system::errc::io_error);
    }
}

TEST_F(Resume, ForgetsRefusalsOnceSomethingMoves) {
    for (const storage_traits& traits : {buffered_traits(), stream_traits()}) {
        open(data, traits);
        for (int half = 0; half < 2; ++half) {
            file->script.insert(file->script.end(), retry::fruitless_rounds_max - 1, fails(EINTR));
            file->script.push_back(moves(8));
        }
        const std::deque<test::round> script = file->script;

        EXPECT_EQ(read(0, 4096), part(0, 4096));

        file->script = script;
        aligned_bytes from(4096);
        EXPECT_EQ(test::run_error(context, storage->write(0, from.span())), error_code{});
    }
}

TEST_F(Resume, FallsBackToThePageCacheWhenDirectTransfersAreRefused) {
    open(data, direct_traits());
    file->refuses_direct = true;

    EXPECT_EQ(read(512, 4096), part(512, 4096));

    EXPECT_TRUE(file->buffered());
    EXPECT_FALSE(storage->traits().direct);
    EXPECT_NE(storage->traits().buffered_reason.find("refused a direct transfer"),
              std::string::npos);
    EXPECT_EQ(storage->traits().alignment.offset_bytes, 1u);
    EXPECT_EQ(read(1, 7), part(1, 7));
}

// Memory of a device's makes the kernel refuse as well: copied by the processor it would still
// work.
TEST_F(Resume, FailsInsteadOfFallingBackWhereThatIsAsked) {
    const auto content = test::incompressible_bytes(2000, 4);
    open(content, direct_traits(), caching::direct_or_fail);
    file->refuses_direct = true;

    EXPECT_EQ(read_error(2048), boost::system::errc::invalid_argument);

    EXPECT_FALSE(file->buffered());
    EXPECT_TRUE(storage->traits().direct);
    EXPECT_EQ(storage->traits().alignment.offset_bytes, 512u);
}

TEST_F(Resume, FallsBackForEveryTransferUnderWay) {
    open(data, direct_traits());
    file->refuses_direct = true;
    aligned_bytes first(4096), second(4096);
    int ended = 0;
    const auto count = [&](std::exception_ptr error, std::size_t bytes) {
        EXPECT_FALSE(error);
        EXPECT_EQ(bytes, 4096u);
        ++ended;
    };
    asio::co_spawn(context, storage->read(0, first.span()), count);
    asio::co_spawn(context, storage->read(4096, second.span()), count);

    test::settle(context);

    EXPECT_EQ(ended, 2);
    EXPECT_EQ(first.first(4096), part(0, 4096));
    EXPECT_EQ(second.first(4096), part(4096, 4096));
}

TEST_F(Resume, FallsBackInTheMiddleOfAWrite) {
    open({}, direct_traits());
    file->script = {moves(700), fails(EINVAL)};
    aligned_bytes from(data);

    test::run(context, storage->write(0, from.span()));

    EXPECT_EQ(file->content(), data);
    EXPECT_FALSE(storage->traits().direct);
}

TEST_F(Resume, ReportsEinvalOfABufferedFileAsItIs) {
    open(data, buffered_traits());
    file->script = {fails(EINVAL)};

    EXPECT_EQ(read_error(4096), boost::system::errc::invalid_argument);
    EXPECT_FALSE(file->buffered());
}

TEST_F(Resume, ReportsWhenTheFallBackFails) {
    open(data, direct_traits());
    file->refuses_direct = true;
    file->make_buffered_error = make_error_code(boost::system::errc::operation_not_permitted);

    EXPECT_EQ(read_error(4096), boost::system::errc::operation_not_permitted);
}

TEST_F(Resume, SyncsOnceAndReportsTheError) {
    open(data, direct_traits());
    EXPECT_EQ(test::run_error(context, storage->sync()), error_code{});

    file->sync_error = make_error_code(boost::system::errc::io_error);
    EXPECT_EQ(test::run_error(context, storage->sync()), boost::system::errc::io_error);
}

TEST_F(Resume, HasNothingToSyncOrTruncateInAStream) {
    open({}, stream_traits());
    file->sync_error = make_error_code(boost::system::errc::invalid_argument);
    file->truncate_error = make_error_code(boost::system::errc::invalid_argument);

    EXPECT_EQ(test::run_error(context, storage->sync()), error_code{});
    EXPECT_EQ(test::run_error(context, storage->truncate(5)), error_code{});
}

TEST_F(Resume, GrowsWithWhatIsWritten) {
    open({}, direct_traits());
    aligned_bytes from(4096);

    test::run(context, storage->write(8192, from.span()));
    test::run(context, storage->write(0, from.span()));

    EXPECT_EQ(storage->traits().size_bytes, 12'288u);
}

class RoomAhead : public Resume {
protected:
    void write_mib(std::uint64_t first, std::uint64_t count) {
        aligned_bytes from(1 << 20);
        for (std::uint64_t i = first; i < first + count; ++i)
            test::run(context, storage->write(i << 20, from.span()));
    }
};

TEST_F(RoomAhead, IsMadeInFewStepsAndCutOffInTheEnd) {
    open({}, direct_traits(), caching::direct_gapless);

    write_mib(0, 20);

    // At 4, 9 and 19 MiB: as much again each time.
    EXPECT_EQ(file->allocations(), 3u);
    EXPECT_EQ(storage->traits().size_bytes, 38u << 20);
    test::run(context, storage->truncate(20 << 20));
    EXPECT_EQ(file->content().size(), 20u << 20);
}

TEST_F(RoomAhead, IsNotMadeForSmallFilesNorBufferedOnesNorInWhatIsThere) {
    open({}, direct_traits(), caching::direct_gapless);
    write_mib(0, 3);
    EXPECT_EQ(file->allocations(), 0u);

    open({}, buffered_traits(), caching::direct_gapless);
    write_mib(0, 8);
    EXPECT_EQ(file->allocations(), 0u);

    storage_traits traits = direct_traits();
    traits.size_bytes = 8 << 20;
    open(std::vector<std::byte>(8 << 20), traits, caching::direct_gapless);
    write_mib(0, 8);
    EXPECT_EQ(file->allocations(), 0u);
}

// A copy leaves holes out.
TEST_F(RoomAhead, IsNotMadeForWhoeverMayLeaveGaps) {
    open({}, direct_traits(), caching::direct);

    write_mib(0, 8);

    EXPECT_EQ(file->allocations(), 0u);
}

TEST_F(RoomAhead, IsNotAskedForAgainOnceItWasRefused) {
    open({}, direct_traits(), caching::direct_gapless);
    file->allocate_error = make_error_code(boost::system::errc::no_space_on_device);

    write_mib(0, 8);

    EXPECT_EQ(file->allocations(), 1u);
    EXPECT_EQ(storage->traits().size_bytes, 8u << 20);
}

// As ext4 does where it runs full.
TEST_F(RoomAhead, IsKnownOfWhereItWasRefusedHalfWay) {
    open({}, direct_traits(), caching::direct_gapless);
    file->allocate_error = make_error_code(boost::system::errc::no_space_on_device);
    file->allocated_all_the_same = 6 << 20;

    write_mib(0, 4);

    EXPECT_EQ(file->content().size(), 9u << 20);
    EXPECT_EQ(storage->traits().size_bytes, 9u << 20);
}

TEST_F(Resume, TruncatesToTheByte) {
    open(data, direct_traits());

    test::run(context, storage->truncate(5001));

    EXPECT_EQ(file->content(), part(0, 5001));
    EXPECT_EQ(storage->traits().size_bytes, 5001u);
    file->truncate_error = make_error_code(boost::system::errc::file_too_large);
    EXPECT_EQ(test::run_error(context, storage->truncate(1)), boost::system::errc::file_too_large);
}

// --- any sequence of events, for all kinds of files
// ----------------------------------------------------------

class ResumeAnySequence : public Resume, public testing::WithParamInterface<int> {
protected:
    std::uint64_t up_to(std::uint64_t most) { return random() % (most + 1); }

    std::deque<test::round> misfortunes() {
        std::deque<test::round> script(up_to(40));
        for (test::round& round : script) {
            switch (up_to(5)) {
                case 0:
                    round = fails(EAGAIN);
                    break;
                case 1:
                    round = fails(EINTR);
                    break;
                case 2:
                    round = moves(512 * (1 + up_to(4)));
                    break;
                default:
                    round = moves(1 + up_to(2000));
                    break;
            }
        }
        return script;
    }

    // Rarely, a direct transfer is refused half way.
    void maybe_refuse_direct() {
        if (!file->script.empty() && up_to(4) == 0 && storage->traits().direct)
            file->script[up_to(file->script.size() - 1)] = fails(EINVAL);
    }

    std::mt19937_64 random{static_cast<std::uint64_t>(GetParam())};
};

TEST_P(ResumeAnySequence, ReadsAreByteExact) {
    const alignment asked{.memory_bytes = 4u << up_to(7), .offset_bytes = 512u << up_to(3)};
    const std::size_t size_bytes = up_to(40000);
    const std::vector<std::byte> content =
        test::incompressible_bytes(size_bytes, static_cast<std::uint64_t>(GetParam()));
    open(content, direct_traits(asked));
    const std::size_t unit = std::max(asked.memory_bytes, asked.offset_bytes);

    for (int count = 0; count < 8; ++count) {
        file->script = misfortunes();
        maybe_refuse_direct();
        const std::uint64_t offset_bytes = unit * up_to(size_bytes / unit + 2);
        const std::size_t length_bytes = unit * up_to(24);

        const std::vector<std::byte> got = read(offset_bytes, length_bytes);

        const std::uint64_t from = std::min<std::uint64_t>(offset_bytes, size_bytes);
        const std::uint64_t to = std::min<std::uint64_t>(from + length_bytes, size_bytes);
        ASSERT_EQ(got, std::vector<std::byte>(content.begin() + static_cast<std::ptrdiff_t>(from),
                                              content.begin() + static_cast<std::ptrdiff_t>(to)));
    }
    EXPECT_EQ(file->misaligned_rounds(), 0u);
}

TEST_P(ResumeAnySequence, WritesAreByteExact) {
    const alignment asked{.memory_bytes = 512, .offset_bytes = 512u << up_to(3)};
    open({}, direct_traits(asked));
    std::vector<std::byte> expected;

    for (int count = 0; count < 8; ++count) {
        file->script = misfortunes();
        maybe_refuse_direct();
        const std::uint64_t offset_bytes = asked.offset_bytes * up_to(16);
        aligned_bytes from(test::incompressible_bytes(asked.offset_bytes * up_to(16), random()));

        test::run(context, storage->write(offset_bytes, from.span()));

        if (from.span().empty()) continue;
        expected.resize(std::max<std::size_t>(expected.size(), offset_bytes + from.span().size()));
        std::copy(from.span().begin(), from.span().end(),
                  expected.begin() + static_cast<std::ptrdiff_t>(offset_bytes));
        ASSERT_EQ(file->content(), expected);
    }
    EXPECT_EQ(file->misaligned_rounds(), 0u);
}

TEST_P(ResumeAnySequence, StreamsAreByteExact) {
    const std::vector<std::byte> content = test::incompressible_bytes(up_to(40000), random());
    open(content, stream_traits());

    std::vector<std::byte> got;
    for (std::size_t wanted = 1; wanted > 0;) {
        file->script = misfortunes();
        wanted = 1 + up_to(9000);
        const std::vector<std::byte> piece = read(got.size(), wanted);
        got.insert(got.end(), piece.begin(), piece.end());
        if (piece.size() < wanted) break;
    }
    ASSERT_EQ(got, content);

    open({}, stream_traits());
    for (std::size_t done = 0; done < content.size();) {
        file->script = misfortunes();
        const std::size_t length = std::min<std::size_t>(1 + up_to(9000), content.size() - done);
        test::run(context, storage->write(done, bytes_view(content).subspan(done, length)));
        done += length;
    }
    ASSERT_EQ(file->content(), content);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ResumeAnySequence, testing::Range(0, 60));

}  // namespace
}  // namespace peerpress::io
