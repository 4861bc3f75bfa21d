#include "tests/pipeline/copy_fixture.hpp"

#include <functional>

namespace peerpress::test {
namespace {

namespace errc = boost::system::errc;
using pipeline::copy_options;
using pipeline::copy_report;

bytes first(const bytes& of, std::size_t count) {
    return {of.begin(), of.begin() + static_cast<std::ptrdiff_t>(count)};
}

struct blocks {
    io::alignment source, target;
};

class CopyOfEverySize : public Copy, public testing::WithParamInterface<std::size_t> {};

TEST_P(CopyOfEverySize, IsTheSameToTheByte) {
    const bytes data = incompressible_bytes(GetParam(), GetParam());
    for (const blocks& each : {blocks{block_512, block_512}, blocks{block_4096, block_4096},
                               blocks{block_512, block_4096}, blocks{block_4096, block_512}}) {
        for (const bool on_device : {false, true}) {
            memory_storage source(data, each.source);
            memory_storage target(bytes(200'000, std::byte{0xEE}), each.target);
            source.delay_randomly(1);
            target.delay_randomly(2);

            const copy_outcome end =
                on_device ? through_device(source, &target) : through_host(source, &target);

            ASSERT_TRUE(end.report) << end.text;
            EXPECT_EQ(target.content(), data);
            EXPECT_EQ(end.report->bytes_read, data.size());
            EXPECT_EQ(end.report->bytes_written, data.size());
        }
    }
}

TEST_P(CopyOfEverySize, KeepsToTheDeviceWhereBlocksAreAlike) {
    memory_storage source(incompressible_bytes(GetParam(), 1), block_512);
    memory_storage target({}, block_512);

    const copy_outcome end = through_device(source, &target);

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(end.report->bytes_bounced, 0u);
    EXPECT_GE(device_bytes, 2 * GetParam());
}

INSTANTIATE_TEST_SUITE_P(Sizes, CopyOfEverySize,
                         testing::Values(0, 1, 511, 512, 513, 4095, 4096, 4097, 16383, 16384, 16385,
                                         65536, 100'001));

TEST_F(Copy, NeitherReadsNorWritesHoles) {
    bytes data = incompressible_bytes(100'000, 1);
    for (const bool on_device : {false, true}) {
        // The source has other bytes there: they must not be seen.
        memory_storage source(data, block_512);
        memory_storage target({}, block_512);
        const copy_options options{.length_bytes = data.size(),
                                   .holes = {{4096, 8192}, {40'960, 512}, {98'304, 1'696}}};

        const copy_outcome end = on_device ? through_device(source, &target, options)
                                           : through_host(source, &target, options);

        ASSERT_TRUE(end.report) << end.text;
        bytes expected = data;
        for (const io::byte_range& hole : options.holes)
            std::fill_n(expected.begin() + static_cast<std::ptrdiff_t>(hole.offset_bytes),
                        hole.length_bytes, std::byte{0});
        EXPECT_EQ(target.content(), expected);
        EXPECT_EQ(end.report->bytes_written, data.size() - 8192 - 512 - 1696);
        EXPECT_EQ(end.report->bytes_read, end.report->bytes_written);
    }
}

TEST_F(Copy, LeavesAFileThatIsOneHoleAtItsSize) {
    memory_storage source(bytes(10'000), block_512);
    memory_storage target({}, block_512);

    const copy_outcome end = through_host(
        source, &target, {.length_bytes = std::uint64_t{10'000}, .holes = {{0, 10'000}}});

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(target.content(), bytes(10'000));
    EXPECT_EQ(target.writes(), 0u);
}

TEST_F(Copy, RefusesHolesThatDoNotFit) {
    memory_storage source(bytes(10'240), block_512);
    memory_storage target({}, block_512);
    for (const std::vector<io::byte_range>& holes : {std::vector<io::byte_range>{{100, 512}},
                                                     {{512, 100}},
                                                     {{0, 20'480}},
                                                     {{1024, 512}, {512, 1024}}})
        EXPECT_EQ(
            through_host(source, &target, {.length_bytes = std::uint64_t{10'240}, .holes = holes})
                .error,
            errc::invalid_argument);
    memory_storage device(bytes(10'240), block_512);
    device.make_device();
    EXPECT_EQ(
        through_host(source, &device, {.length_bytes = std::uint64_t{10'240}, .holes = {{0, 512}}})
            .error,
        errc::invalid_argument);
}

TEST_F(Copy, CountsWhatHadToTakeTheWayThroughHostMemory) {
    // 13 KiB and 488 bytes: three of the target's blocks, and one that the source's do not fill.
    memory_storage source(incompressible_bytes(13'800, 1), block_512);
    memory_storage target({}, block_4096);

    const copy_outcome end = through_device(source, &target);

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(end.report->bytes_bounced, 13'800u - 12'288u);
    EXPECT_EQ(end.report->bytes_written, 13'800u);
    EXPECT_EQ(target.content(), source.content());
}

TEST_F(Copy, LeavesTheRestOfADevicesLastBlockAlone) {
    const bytes data = incompressible_bytes(5000, 1);
    const bytes before = incompressible_bytes(20'480, 2);
    for (const bool on_device : {false, true}) {
        memory_storage source(data, block_512);
        memory_storage target(before, block_4096);
        target.make_device();

        const copy_outcome end =
            on_device ? through_device(source, &target) : through_host(source, &target);

        ASSERT_TRUE(end.report) << end.text;
        bytes expected = before;
        std::ranges::copy(data, expected.begin());
        EXPECT_EQ(target.content(), expected);
        EXPECT_EQ(end.report->bytes_bounced, 5000u - 4096u);
        EXPECT_EQ(target.truncations(), 0u);
    }
}

TEST_F(Copy, WritesZerosAndNotAnothersBytesBehindTheEnd) {
    memory_storage secret(bytes(slot_count * slot_bytes, std::byte{0x5E}), block_512);
    ASSERT_TRUE(through_host(secret, nullptr, {.write = false}).report);
    ASSERT_TRUE(through_device(secret, nullptr, {.write = false}).report);
    for (const bool on_device : {false, true}) {
        memory_storage source(bytes(700, std::byte{1}), block_512);
        memory_storage target({}, block_4096);

        const copy_outcome end =
            on_device ? through_device(source, &target) : through_host(source, &target);

        ASSERT_TRUE(end.report) << end.text;
        // What lay behind the end before it was cut off.
        EXPECT_EQ(target.cut_off(), bytes(4096 - 700));
    }
}

TEST_F(Copy, RefusesADeviceThatIsTooSmallBeforeAByteMoves) {
    memory_storage source(incompressible_bytes(40'960, 1), block_512);
    memory_storage target(bytes(40'448), block_512);
    target.make_device();

    const copy_outcome end = through_device(source, &target);

    EXPECT_EQ(end.error, errc::no_space_on_device) << end.text;
    EXPECT_EQ(source.reads(), 0u);
    EXPECT_EQ(target.writes(), 0u);
}

TEST_F(Copy, RefusesALengthBeyondTheSource) {
    memory_storage source(bytes(8192), block_512);
    memory_storage target({}, block_512);

    EXPECT_EQ(through_host(source, &target, {.length_bytes = 8193}).error,
              errc::result_out_of_range);
    EXPECT_EQ(
        through_host(source, &target, {.source_offset_bytes = 4096, .length_bytes = 4097}).error,
        errc::result_out_of_range);
    EXPECT_EQ(through_host(source, &target, {.source_offset_bytes = 8704}).error,
              errc::result_out_of_range);
    EXPECT_EQ(target.writes(), 0u);
}

TEST_F(Copy, MovesAPartToAnotherPlace) {
    const bytes data = incompressible_bytes(100'000, 1);
    memory_storage source(data, block_512);
    memory_storage target(bytes(200'000, std::byte{7}), block_512);
    target.make_device();

    const copy_outcome end = through_device(
        source, &target,
        {.source_offset_bytes = 1024, .target_offset_bytes = 51'200, .length_bytes = 50'001});

    ASSERT_TRUE(end.report) << end.text;
    bytes expected(200'000, std::byte{7});
    std::copy_n(data.begin() + 1024, 50'001, expected.begin() + 51'200);
    EXPECT_EQ(target.content(), expected);
}

TEST_F(Copy, RefusesWhatDoesNotFit) {
    memory_storage source(bytes(65'536), block_4096);
    memory_storage target({}, block_512);
    memory_storage* const none = nullptr;

    for (const copy_options& wrong : {
             copy_options{.chunk_bytes = 2048},            // half a block of the source
             copy_options{.chunk_bytes = 2 * slot_bytes},  // more than a slot
             copy_options{.source_offset_bytes = 512}, copy_options{.target_offset_bytes = 100},
             copy_options{.read = false, .write = false},
             copy_options{.length_bytes = 1000, .read = false},
             copy_options{.read = false},  // nothing says how much
         })
        EXPECT_EQ(through_host(source, &target, wrong).error, errc::invalid_argument);
    EXPECT_EQ(through_host(source, none).error, errc::invalid_argument);

    EXPECT_EQ(source.reads(), 0u);
    EXPECT_EQ(target.writes(), 0u);
}

// The processor would copy into the device's memory, and out of it.
TEST_F(Copy, TakesOnlyDirectStoragesThroughADevice) {
    memory_storage direct(bytes(8192), block_512);
    memory_storage buffered(bytes(8192));

    const copy_outcome from = through_device(buffered, &direct);
    const copy_outcome to = through_device(direct, &buffered);

    EXPECT_EQ(from.error, errc::operation_not_supported);
    EXPECT_NE(from.text.find("the source is not direct: it is memory"), std::string::npos);
    EXPECT_EQ(to.error, errc::operation_not_supported);
    EXPECT_NE(to.text.find("the target is not direct"), std::string::npos);
    EXPECT_EQ(direct.reads() + buffered.reads(), 0u);
    EXPECT_TRUE(through_host(buffered, &direct).report);
}

// Does something before each read or write that another storage then serves.
class interrupted_storage final : public io::storage {
public:
    interrupted_storage(memory_storage& inner, std::size_t after, std::function<void()> act)
        : inner_(inner), left_(after), act_(std::move(act)) {}

    const io::storage_traits& traits() const override { return inner_.traits(); }
    awaitable<std::size_t> read(std::uint64_t offset_bytes, bytes_span into) override {
        count_down();
        return inner_.read(offset_bytes, into);
    }
    awaitable<> write(std::uint64_t offset_bytes, bytes_view from) override {
        count_down();
        return inner_.write(offset_bytes, from);
    }
    awaitable<> truncate(std::uint64_t size_bytes) override { return inner_.truncate(size_bytes); }
    awaitable<> sync() override { return inner_.sync(); }

private:
    void count_down() {
        if (left_-- == 0) act_();
    }

    memory_storage& inner_;
    std::size_t left_;
    std::function<void()> act_;
};

TEST_F(Copy, FailsWhenAFileFallsBackToThePageCacheOnTheWay) {
    for (const bool source_falls : {true, false}) {
        memory_storage source(bytes(100 * slot_bytes), block_512);
        memory_storage target({}, block_512);
        memory_storage& falling = source_falls ? source : target;
        interrupted_storage from(source, 10, [&] { falling.fall_back(); });

        const copy_outcome end = through_device(from, &target);

        EXPECT_EQ(end.error, errc::operation_not_supported);
        EXPECT_NE(end.text.find("it fell back"), std::string::npos) << end.text;
        EXPECT_LT(target.writes(), 30u);
    }
}

TEST_F(Copy, EndsWithTheReadsErrorAndGivesEverySlotBack) {
    memory_storage source(incompressible_bytes(100 * slot_bytes, 1), block_512);
    memory_storage target(bytes(10), block_512);
    source.delay_randomly(3);
    source.fail_next_read(make_error_code(errc::io_error), 20);

    const copy_outcome end = through_device(source, &target);

    EXPECT_EQ(end.error, errc::io_error);
    EXPECT_LT(target.writes(), 21u + slot_count);
    EXPECT_EQ(target.truncations(), 0u);
    EXPECT_EQ(source.in_flight() + target.in_flight(), 0u);
}

TEST_F(Copy, EndsWithTheWritesErrorAndGivesEverySlotBack) {
    memory_storage source(incompressible_bytes(100 * slot_bytes, 1), block_512);
    memory_storage target({}, block_512);
    target.delay_randomly(3);
    target.fail_next_write(make_error_code(errc::no_space_on_device), 20);

    const copy_outcome end = through_device(source, &target);

    EXPECT_EQ(end.error, errc::no_space_on_device);
    EXPECT_LT(source.reads(), 21u + 2 * slot_count);
    EXPECT_EQ(source.in_flight() + target.in_flight(), 0u);
}

TEST_F(Copy, StopsBetweenStepsWhenAsked) {
    memory_storage source(bytes(100 * slot_bytes), block_512);
    memory_storage target({}, block_512);
    interrupted_storage from(source, 10, [this] { stop.request_stop(); });

    const copy_outcome end = through_device(from, &target);

    EXPECT_EQ(end.error, asio::error::operation_aborted);
    EXPECT_LE(target.writes(), 10u);
    EXPECT_EQ(target.truncations(), 0u);
}

TEST_F(Copy, NoticesASourceThatBecameShorter) {
    memory_storage source(bytes(50'000), block_512);
    memory_storage target({}, block_512);
    source.claim_size(60'000);

    EXPECT_EQ(through_device(source, &target).error, pipeline::format_errc::source_changed);
}

TEST_F(Copy, KeepsAsManyChunksUnderWayAsItIsDeep) {
    for (const std::uint32_t depth : {1u, 3u, 100u}) {
        memory_storage source(bytes(50 * slot_bytes), block_512);
        memory_storage target({}, block_512);
        source.delay_randomly(1, 50);

        ASSERT_TRUE(through_device(source, &target, {.depth = depth}).report);

        EXPECT_EQ(source.in_flight_max(), std::min(depth, slot_count));
        EXPECT_LE(target.in_flight_max(), std::min(depth, slot_count));
    }
}

TEST_F(Copy, CutsWhatItMovesIntoChunksOfTheSizeAskedFor) {
    memory_storage source(incompressible_bytes(10'000, 1), block_512);
    memory_storage target({}, block_512);

    const copy_outcome end = through_device(source, &target, {.chunk_bytes = 4096, .depth = 1});

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(end.report->chunks, 3u);
    EXPECT_EQ(target.write_log(),
              (std::vector<memory_storage::write_record>{{0, 4096}, {4096, 4096}, {8192, 2048}}));
    EXPECT_EQ(target.content(), source.content());
}

TEST_F(Copy, TellsHowFarItIs) {
    memory_storage source(bytes(70'000), block_512);
    memory_storage target({}, block_512);

    ASSERT_TRUE(through_device(source, &target).report);

    EXPECT_EQ(on.progress().bytes_in, 70'000u);
    EXPECT_EQ(on.progress().bytes_out, 70'000u);
}

TEST_F(Copy, SharesItsSlotsWithOtherCopies) {
    const bytes data = incompressible_bytes(60 * slot_bytes, 1);
    memory_storage source(data, block_512), target({}, block_512), other({}, block_512);
    const io::flow_id other_flow = on.run(open_flow(*host_pool));
    pipeline::copy_route other_route = host_route(source, &other);
    other_route.flow = other_flow;

    auto one = on.start(pipeline::copy(host_route(source, &target), {}));
    auto two = on.start(pipeline::copy(other_route, {}));

    EXPECT_EQ(on.get(one).bytes_written, data.size());
    EXPECT_EQ(on.get(two).bytes_written, data.size());
    EXPECT_EQ(target.content(), data);
    EXPECT_EQ(other.content(), data);
    on.run(close_flow(*host_pool, other_flow));
}

// --- for measuring
// -------------------------------------------------------------------------------------------------

TEST_F(Copy, ReadsOnlyWhereWritesAreSkipped) {
    memory_storage source(bytes(50'000), block_512);

    const copy_outcome end = through_device(source, nullptr, {.write = false});

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(end.report->bytes_read, 50'000u);
    EXPECT_EQ(end.report->bytes_written, 0u);
    EXPECT_EQ(source.reads(), 4u);
}

TEST_F(Copy, WritesAPatternWhereReadsAreSkippedAndNothingThatOthersLeft) {
    const bytes secret(slot_count * slot_bytes, std::byte{0x5E});
    memory_storage before(secret, block_512);
    ASSERT_TRUE(through_host(before, nullptr, {.write = false}).report);
    memory_storage target({}, block_512);

    const copy_outcome end = through_host(before, &target, {.read = false, .chunks = 6});

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(before.reads(), slot_count);  // those of the preparation
    EXPECT_EQ(end.report->bytes_read, 0u);
    EXPECT_EQ(end.report->bytes_written, 6 * slot_bytes);
    ASSERT_EQ(target.content().size(), 6 * slot_bytes);
    const bytes page = first(target.content(), 4096);
    EXPECT_NE(page, first(secret, 4096));
    EXPECT_NE(page, bytes(target.content().begin() + 4096, target.content().begin() + 8192));
}

TEST_F(Copy, FillsADeviceUpToItsEndWhereReadsAreSkipped) {
    memory_storage target(bytes(5 * slot_bytes), block_512);
    target.make_device();

    const copy_outcome end =
        through_host(target, &target, {.target_offset_bytes = slot_bytes, .read = false});

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(end.report->bytes_written, 4 * slot_bytes);
    EXPECT_EQ(first(target.content(), slot_bytes), bytes(slot_bytes));
}

TEST_F(Copy, GoesRoundUntilTheChunksAreThrough) {
    const bytes data = incompressible_bytes(2 * slot_bytes + 100, 1);
    memory_storage source(data, block_512);
    memory_storage target({}, block_512);

    const copy_outcome end = through_device(source, &target, {.chunks = 7});

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(end.report->chunks, 7u);
    EXPECT_EQ(end.report->bytes_written, 2 * data.size() + slot_bytes);
    EXPECT_EQ(target.content(), data);
}

TEST_F(Copy, GoesRoundUntilTheTimeIsUp) {
    memory_storage source(bytes(3 * slot_bytes), block_512);
    memory_storage target({}, block_512);

    const copy_outcome end =
        through_device(source, &target, {.repeat_for = std::chrono::milliseconds(30)});

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_GE(end.report->took, std::chrono::milliseconds(30));
    EXPECT_GT(end.report->chunks, 3u);
    EXPECT_EQ(target.content(), source.content());
}

TEST_F(Copy, LaysChunksOverOneAnotherWhereAskedTo) {
    const bytes data = incompressible_bytes(5 * slot_bytes, 1);
    memory_storage source(data, block_512);
    memory_storage target({}, block_512);

    const copy_outcome end =
        through_device(source, &target, {.source_offset_bytes = 512, .overlap = true, .chunks = 9});

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(end.report->bytes_written, 9 * slot_bytes);
    EXPECT_EQ(target.content(), bytes(data.begin() + 512, data.begin() + 512 + slot_bytes));
}

// Goes round within the smaller of the two, instead of failing.
TEST_F(Copy, MeasuresAsFarAsBothDevicesGo) {
    memory_storage source(incompressible_bytes(8 * slot_bytes, 1), block_512);
    memory_storage target(bytes(3 * slot_bytes), block_512);
    source.make_device();
    target.make_device();

    const copy_outcome end = through_device(source, &target, {.chunks = 8});

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(end.report->bytes_written, 8 * slot_bytes);
    EXPECT_EQ(target.content(), first(source.content(), 3 * slot_bytes));
}

TEST_F(Copy, TimesReadsAndWritesWhereAskedTo) {
    memory_storage source(bytes(10 * slot_bytes), block_512);
    memory_storage target({}, block_512);

    const copy_outcome timed = through_device(source, &target, {.latencies = true});
    const copy_outcome untimed = through_device(source, &target);

    ASSERT_TRUE(timed.report && timed.report->reads && timed.report->writes);
    EXPECT_EQ(timed.report->reads->count, 10u);
    EXPECT_EQ(timed.report->writes->count, 10u);
    EXPECT_GT(timed.report->reads->min.count(), 0);
    EXPECT_LE(timed.report->writes->max, timed.report->took);
    ASSERT_TRUE(untimed.report);
    EXPECT_FALSE(untimed.report->reads || untimed.report->writes);
}

// Memory of a device that processors may touch: for what prepares slots, not what moves data.
class open_device_slots final : public io::slot_memory {
public:
    open_device_slots(std::uint32_t slots, std::size_t slot_bytes) : memory_(slots, slot_bytes) {}
    std::uint32_t slots() const override { return memory_.slots(); }
    std::size_t slot_bytes() const override { return memory_.slot_bytes(); }
    bytes_span slot(std::uint32_t index) const override { return memory_.slot(index); }
    const std::string& kind() const override { return memory_.kind(); }
    bool on_device() const override { return true; }

private:
    io::host_slots memory_;
};

TEST_F(Copy, FillsADevicesSlotsOnceWhereReadsAreSkipped) {
    io::staging_pool pool(on.lane().executor(), std::make_unique<open_device_slots>(1, slot_bytes));
    memory_storage target({}, block_512);
    pipeline::copy_route route = host_route(target, &target);
    const io::flow_id flow = on.run(open_flow(pool));
    pipeline::copy_route through{.lane = route.lane,
                                 .staging = pool,
                                 .flow = flow,
                                 .source = target,
                                 .target = &target,
                                 .stop = {},
                                 .progress = on.progress()};

    const copy_outcome end = run(pipeline::copy(through, {.read = false, .chunks = 3}));

    ASSERT_TRUE(end.report) << end.text;
    const bytes one = first(target.content(), slot_bytes);
    EXPECT_NE(one, bytes(slot_bytes));
    EXPECT_EQ(bytes(target.content().begin() + 2 * slot_bytes, target.content().end()), one);
    on.run(close_flow(pool, flow));
}

// --- what has no size
// -------------------------------------------------------------------------------------------------

TEST_F(Copy, FollowsAStreamToItsEnd) {
    for (const std::size_t size : {0ul, 1ul, slot_bytes, 5 * slot_bytes + 77}) {
        const bytes data = incompressible_bytes(size, size);
        memory_storage source(data), target;
        memory_storage file({}, block_4096);
        source.make_sequential();
        target.make_sequential();

        ASSERT_TRUE(through_host(source, &target).report);
        memory_storage again(data);
        again.make_sequential();
        ASSERT_TRUE(through_host(again, &file).report);

        EXPECT_EQ(target.content(), data);
        EXPECT_EQ(file.content(), data);
    }
}

TEST_F(Copy, ReadsAFileThatClaimsToBeEmpty) {
    memory_storage source(incompressible_bytes(40'000, 1));
    memory_storage target({}, block_4096);
    source.claim_size(0);

    ASSERT_TRUE(through_host(source, &target).report);

    EXPECT_EQ(target.content(), source.content());
}

TEST_F(Copy, MeasuresNoStreams) {
    memory_storage source(bytes(100));
    memory_storage target;
    source.make_sequential();

    for (const copy_options& wrong : {copy_options{.source_offset_bytes = 5},
                                      copy_options{.overlap = true}, copy_options{.chunks = 3}})
        EXPECT_EQ(through_host(source, &target, wrong).error, errc::invalid_argument);
}

}  // namespace
}  // namespace peerpress::test
