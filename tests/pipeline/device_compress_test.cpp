#include "pipeline/device_sites.hpp"
#include "tests/pipeline/device_fixture.hpp"
#include "tests/support/reference_decoder.hpp"

#include <array>

namespace peerpress::test {
namespace {

namespace errc = boost::system::errc;
using accel::device_errc;
using pipeline::device_compress_options;
using pipeline::format_errc;

bytes decoded(const bytes& file) {
    const reference_file found = reference_decode(file);
    EXPECT_FALSE(found.error);
    EXPECT_EQ(found.trailing_garbage_bytes, 0u);
    return found.data;
}

class DeviceCompress : public DeviceTransfer {};

class DeviceCompressOfEverySize : public DeviceCompress,
                                  public testing::WithParamInterface<std::size_t> {};

TEST_P(DeviceCompressOfEverySize, DecodesToTheSourceAndTouchesNoSlotByCpu) {
    const bytes data = compressible_bytes(GetParam(), 1);
    for (const io::alignment block : {block_512, block_4096}) {
        memory_storage source(data, block);
        memory_storage target({}, block);
        source.delay_randomly(1);
        target.delay_randomly(2);
        engine().delay_randomly(3);

        const device_outcome end = compress(source, target);

        ASSERT_TRUE(end.report) << end.text;
        EXPECT_EQ(decoded(target.content()), data);
        EXPECT_EQ(end.report->transfer.bytes_in, data.size());
        EXPECT_EQ(end.report->transfer.bytes_out, target.content().size());
        EXPECT_EQ(end.report->transfer.crc32, reference_crc32(data));
        EXPECT_EQ(end.report->site_bytes, std::vector<std::uint64_t>{data.size()});
        EXPECT_EQ(end.report->software_bytes, 0u);
        for (const auto& write : target.write_log()) {
            EXPECT_EQ(write.offset_bytes % 4096, 0u);
            EXPECT_EQ(write.length_bytes % 4096, 0u);
        }
    }
}
INSTANTIATE_TEST_SUITE_P(Sizes, DeviceCompressOfEverySize,
                         testing::Values(1, 511, 512, 4095, 4096, 4097, 60 << 10, (60 << 10) + 1,
                                         500'000, 1 << 20));

TEST_F(DeviceCompress, CutsASpanIntoInputAndRoomForIt) {
    memory_storage source(compressible_bytes(100'000, 1), block_512);
    memory_storage target({}, block_512);

    const device_outcome end = compress(source, target, {.level = 3, .checked = true});

    ASSERT_TRUE(end.report) << end.text;
    ASSERT_EQ(engine().requests.size(), 2u);
    EXPECT_EQ(engine().requests[0].span.size(), span_bytes);
    EXPECT_EQ(engine().requests[0].input_bytes, chunk_bytes);
    EXPECT_EQ(engine().requests[0].output_offset_bytes, chunk_bytes);
    EXPECT_EQ(engine().requests[0].alignment_bytes, 4096u);
    EXPECT_EQ(engine().requests[0].level, 3);
    EXPECT_TRUE(engine().requests[0].checked);
    EXPECT_EQ(engine().requests[1].input_bytes, 100'000u - chunk_bytes);
}

TEST_F(DeviceCompress, MakesSmallerMembersWhereAskedFor) {
    memory_storage source(compressible_bytes(100'000, 1), block_4096);
    memory_storage target({}, block_4096);

    const device_outcome end = compress(source, target, {.member_bytes = 20'000});

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(engine().requests[0].input_bytes, 16'384u);
    EXPECT_EQ(decoded(target.content()), source.content());
}

TEST_F(DeviceCompress, CutsAnOutputThatWasLonger) {
    memory_storage source(compressible_bytes(10'000, 1), block_4096);
    memory_storage target(bytes(1 << 20, std::byte{0xEE}), block_4096);

    const device_outcome end = compress(source, target);

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(decoded(target.content()), source.content());
}

TEST_F(DeviceCompress, RedoesInSoftwareWhatTheDeviceCannotDo) {
    const bytes data = compressible_bytes(1 << 20, 1);
    for (const std::size_t after : {0u, 1u, 7u, 17u}) {
        memory_storage source(data, block_4096);
        memory_storage target({}, block_4096);
        source.delay_randomly(after);
        engine().delay_randomly(after);
        engine().fail_next(device_errc::redo_elsewhere, after);

        const device_outcome end = compress(source, target);

        ASSERT_TRUE(end.report) << end.text;
        EXPECT_EQ(decoded(target.content()), data);
        EXPECT_EQ(target.content().size() % 4096, 0u);
        EXPECT_GT(end.report->software_bytes, 0u);
        EXPECT_EQ(end.report->software_bytes + end.report->site_bytes[0], data.size());
        EXPECT_EQ(end.report->software_reason, "nvme2: told to fail");
        EXPECT_EQ(end.report->transfer.crc32, reference_crc32(data));
    }
}

// Each of them waits for its turn without a slot.
TEST_F(DeviceCompress, KeepsNearTheChunkThatIsRedoneWhereADeviceRefusesThemAll) {
    const bytes data = compressible_bytes(200 * chunk_bytes, 1);
    memory_storage source(data, block_4096);
    memory_storage target({}, block_4096);
    for (int chunk = 0; chunk < 200; ++chunk) engine().fail_next(device_errc::redo_elsewhere);
    std::size_t redone = 0, ahead_most = 0;
    on_bytes = [&](std::optional<std::size_t>, std::uint64_t) {
        ahead_most = std::max(ahead_most, engine().requests.size() - redone++);
    };

    const device_outcome end = compress(source, target);

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(decoded(target.content()), data);
    EXPECT_EQ(end.report->software_bytes, data.size());
    const std::size_t slots = slot_count + on.lane().options().staging.slots;
    EXPECT_LE(ahead_most, 2 * slots + 1);
}

TEST_F(DeviceCompress, EndsInAValidMemberWhereOneIsLargerThanItsSlot) {
    const bytes data = incompressible_bytes(200'000, 1);
    memory_storage source(data, block_4096);
    memory_storage target({}, block_4096);
    engine().fail_next(accel::codec_errc::output_too_small, 1);

    const device_outcome end = compress(source, target);

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(decoded(target.content()), data);
    EXPECT_GT(end.report->software_bytes, 0u);
}

// Every chunk that was begun fails, and each waits for its turn with no slot to be had.
TEST_F(DeviceCompress, GoesOnInSoftwareWhereTheDeviceStopsServing) {
    const bytes data = compressible_bytes(2 << 20, 1);
    memory_storage source(data, block_4096);
    memory_storage target({}, block_4096);
    source.delay_randomly(5);
    target.delay_randomly(6);
    engine().delay_randomly(7);
    engine().stop_serving(9);

    const device_outcome end = compress(source, target);

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(decoded(target.content()), data);
    EXPECT_EQ(end.report->site_bytes[0], 9 * chunk_bytes);
    EXPECT_EQ(end.report->software_bytes, data.size() - 9 * chunk_bytes);
}

TEST_F(DeviceCompress, FailsWhereSoftwareIsForbiddenAndTakesItsProgressBack) {
    memory_storage source(compressible_bytes(1 << 20, 1), block_4096);
    memory_storage target({}, block_4096);
    engine().fail_next(device_errc::redo_elsewhere, 5);
    software = false;

    const device_outcome end = compress(source, target);

    EXPECT_EQ(end.error, device_errc::redo_elsewhere);
    EXPECT_EQ(end.text, "nvme2: told to fail");
    EXPECT_EQ(on.progress().bytes_in, 0u);
    EXPECT_EQ(on.progress().bytes_out, 0u);
}

TEST_F(DeviceCompress, FailsAtOnceWhereNoDeviceServesAndSoftwareIsForbidden) {
    memory_storage source(compressible_bytes(10'000, 1), block_4096);
    memory_storage target({}, block_4096);
    engine().stop_serving();
    software = false;

    const device_outcome end = compress(source, target);

    EXPECT_EQ(end.error, device_errc::redo_elsewhere);
    EXPECT_EQ(source.reads(), 0u);
    EXPECT_EQ(target.writes(), 0u);
}

TEST_F(DeviceCompress, ReportsErrorsOfSourceAndTarget) {
    memory_storage source(compressible_bytes(1 << 20, 1), block_4096);
    memory_storage target({}, block_4096);

    source.fail_next_read(make_error_code(errc::io_error), 3);
    EXPECT_EQ(compress(source, target).error, errc::io_error);
    target.fail_next_write(make_error_code(errc::no_space_on_device), 3);
    EXPECT_EQ(compress(source, target).error, errc::no_space_on_device);
}

TEST_F(DeviceCompress, NoticesASourceThatHasShrunk) {
    memory_storage source(compressible_bytes(100'000, 1), block_4096);
    memory_storage target({}, block_4096);
    source.claim_size(200'000);

    EXPECT_EQ(compress(source, target).error, format_errc::source_changed);
}

TEST_F(DeviceCompress, RefusesEndsThatAreNotDirect) {
    memory_storage direct(compressible_bytes(10'000, 1), block_4096);
    memory_storage buffered(compressible_bytes(10'000, 1));

    EXPECT_EQ(compress(buffered, direct).error, errc::operation_not_supported);
    EXPECT_EQ(compress(direct, buffered).error, errc::operation_not_supported);
}

TEST_F(DeviceCompress, StopsWhereASideFallsBackInTheMiddle) {
    memory_storage source(compressible_bytes(1 << 20, 1), block_4096);
    memory_storage target({}, block_4096);
    engine().spoil = [&](bytes_span) { target.fall_back(); };

    EXPECT_EQ(compress(source, target).error, errc::operation_not_supported);
}

TEST_F(DeviceCompress, EndsWhenItIsToStop) {
    memory_storage source(compressible_bytes(1 << 20, 1), block_4096);
    memory_storage target({}, block_4096);
    engine().spoil = [&](bytes_span) { stop.request_stop(); };

    EXPECT_EQ(compress(source, target).error, asio::error::operation_aborted);
}

TEST_F(DeviceCompress, ComparesFirstAndLastChunkAndOneInSoMany) {
    const bytes data = compressible_bytes(10 * chunk_bytes, 1);
    memory_storage source(data, block_4096);
    memory_storage target({}, block_4096);

    const device_outcome end = compress(source, target, {.sample_every = 4});

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(end.report->sampled_bytes, 4 * chunk_bytes);  // 0, 4, 8 and the last
}

TEST_F(DeviceCompress, FindsInASampleWhatTheDeviceGotWrong) {
    const bytes data = compressible_bytes(3 * chunk_bytes, 1);
    for (const bool stale : {false, true}) {
        memory_storage source(data, block_4096);
        memory_storage target({}, block_4096);
        engine().compress_stale_input = stale;
        engine().spoil = [&](bytes_span member) {
            if (!stale) member[member.size() / 2] ^= std::byte{4};
        };

        const device_outcome end = compress(source, target, {.sample_every = 1});

        EXPECT_EQ(end.error, format_errc::mismatch);
    }
}

class CompressOnTwoDevices : public DeviceTransfer {
protected:
    CompressOnTwoDevices() : DeviceTransfer(2) {}
};

TEST_F(CompressOnTwoDevices, UsesBoth) {
    const bytes data = compressible_bytes(4 << 20, 1);
    memory_storage source(data, block_4096);
    memory_storage target({}, block_4096);
    source.delay_randomly(1);
    engine(0).delay_randomly(2);
    engine(1).delay_randomly(3);

    const device_outcome end = compress(source, target);

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(decoded(target.content()), data);
    EXPECT_GT(end.report->site_bytes[0], data.size() / 4);
    EXPECT_GT(end.report->site_bytes[1], data.size() / 4);
}

TEST_F(CompressOnTwoDevices, GoesOnWithTheOtherWhereOneStopsServing) {
    const bytes data = compressible_bytes(4 << 20, 1);
    memory_storage source(data, block_4096);
    memory_storage target({}, block_4096);
    source.delay_randomly(1);
    engine(0).stop_serving(3);

    const device_outcome end = compress(source, target);

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(decoded(target.content()), data);
    EXPECT_EQ(end.report->site_bytes[0], 3 * chunk_bytes);
    EXPECT_EQ(end.report->software_bytes, 0u);
}

TEST_F(CompressOnTwoDevices, RedoesOnTheOtherWhatOneCannotDo) {
    const bytes data = compressible_bytes(4 << 20, 1);
    software = false;
    for (const std::size_t after : {0u, 1u, 9u}) {
        memory_storage source(data, block_4096);
        memory_storage target({}, block_4096);
        source.delay_randomly(after);
        target.delay_randomly(after + 1);
        for (int fault = 0; fault < 5; ++fault)
            engine(0).fail_next(device_errc::redo_elsewhere, after);

        const device_outcome end = compress(source, target);

        ASSERT_TRUE(end.report) << end.text;
        EXPECT_EQ(decoded(target.content()), data);
        EXPECT_EQ(end.report->software_bytes, 0u);
        EXPECT_EQ(end.report->site_bytes[0] + end.report->site_bytes[1], data.size());
    }
}

TEST_F(CompressOnTwoDevices, GoesOnInSoftwareWhereBothStopServing) {
    const bytes data = compressible_bytes(4 << 20, 1);
    memory_storage source(data, block_4096);
    memory_storage target({}, block_4096);
    engine(0).stop_serving(3);
    engine(1).stop_serving(7);

    const device_outcome end = compress(source, target);

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(decoded(target.content()), data);
    EXPECT_EQ(end.report->site_bytes[0] + end.report->site_bytes[1], 10 * chunk_bytes);
    EXPECT_EQ(end.report->software_reason, "nvme2: quarantined");
}

// Another device has no more room.
TEST_F(CompressOnTwoDevices, LeavesWhatDoesNotFitToSoftware) {
    const bytes data = incompressible_bytes(600'000, 1);
    memory_storage source(data, block_4096);
    memory_storage target({}, block_4096);
    engine(0).fail_next(accel::codec_errc::output_too_small);

    const device_outcome end = compress(source, target);

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(decoded(target.content()), data);
    EXPECT_EQ(end.report->software_bytes, chunk_bytes);
}

TEST(PickSite, TakesTheOneThatWouldBeDoneFirst) {
    using pipeline::site_load;
    const site_load slow{.free_slots = 2, .taken_slots = 2, .bytes_per_second = 1e9};
    const site_load fast{.free_slots = 2, .taken_slots = 4, .bytes_per_second = 3e9};

    EXPECT_EQ(pipeline::pick_site(std::array{slow, fast}), 1u);
}

TEST(PickSite, PrefersAFreeSlotAndPassesOverWhatDoesNotServe) {
    using pipeline::site_load;
    const site_load full{.free_slots = 0, .taken_slots = 4, .bytes_per_second = 9e9};
    const site_load free{.free_slots = 1, .taken_slots = 3, .bytes_per_second = 1e9};
    const site_load ill{.serving = false, .free_slots = 4, .bytes_per_second = 9e9};

    EXPECT_EQ(pipeline::pick_site(std::array{full, free, ill}), 1u);
    EXPECT_EQ(pipeline::pick_site(std::array{full, ill}), 0u);
    EXPECT_EQ(pipeline::pick_site(std::array{ill}), std::nullopt);
}

}  // namespace
}  // namespace peerpress::test
