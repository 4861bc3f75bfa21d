#include "tests/pipeline/device_fixture.hpp"

namespace peerpress::test {
namespace {

namespace errc = boost::system::errc;
using accel::device_errc;
using pipeline::format_errc;

class DeviceDecompress : public DeviceTransfer {
protected:
    bytes members_of(const bytes& data, std::uint32_t member_bytes = chunk_bytes) {
        return compressed(on, data, {.member_bytes = member_bytes});
    }
};

class DeviceDecompressOfEverySize : public DeviceDecompress,
                                    public testing::WithParamInterface<std::size_t> {};

TEST_P(DeviceDecompressOfEverySize, GivesTheDataAndTouchesNoSlotByCpu) {
    const bytes data = compressible_bytes(GetParam(), 1);
    for (const io::alignment block : {block_512, block_4096}) {
        memory_storage source(members_of(data), block);
        memory_storage target({}, block);
        source.delay_randomly(1);
        target.delay_randomly(2);
        engine().delay_randomly(3);

        EXPECT_EQ(fit(source, &target).obstacle, "");
        const device_outcome end = decompress(source, &target);

        ASSERT_TRUE(end.report) << end.text;
        EXPECT_EQ(target.content(), data);
        EXPECT_EQ(end.report->transfer.bytes_in, source.content().size());
        EXPECT_EQ(end.report->transfer.bytes_out, data.size());
        EXPECT_EQ(end.report->transfer.crc32, reference_crc32(data));
        EXPECT_EQ(end.report->transfer.convention, "MiGz");
        EXPECT_EQ(end.report->site_bytes, std::vector<std::uint64_t>{source.content().size()});
        EXPECT_EQ(end.report->software_bytes, 0u);
    }
}
INSTANTIATE_TEST_SUITE_P(Sizes, DeviceDecompressOfEverySize,
                         testing::Values(1, 511, 4096, 4097, 60 << 10, (60 << 10) + 1, 500'000,
                                         1 << 20));

TEST_F(DeviceDecompress, DecodesWhatDevicesCompressed) {
    const bytes data = compressible_bytes(500'000, 1);
    memory_storage source(data, block_4096);
    memory_storage file({}, block_4096);
    memory_storage target({}, block_4096);
    ASSERT_TRUE(compress(source, file).report);

    const device_outcome end = decompress(file, &target);

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(target.content(), data);
}

TEST_F(DeviceDecompress, ChecksWithoutATarget) {
    const bytes data = compressible_bytes(500'000, 1);
    memory_storage source(members_of(data), block_4096);

    const device_outcome end = decompress(source, nullptr);

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(end.report->transfer.crc32, reference_crc32(data));
}

TEST_F(DeviceDecompress, SaysWhatDoesNotFitADevice) {
    const bytes data = compressible_bytes(300'000, 1);
    memory_storage target({}, block_4096);
    bytes trailing = members_of(data);
    trailing.resize(trailing.size() + 10, std::byte{0});

    memory_storage large(members_of(data, 200'000), block_4096);
    memory_storage ragged(members_of(data, 5000), block_4096);
    memory_storage plain(compressed(on, data, {.container = pipeline::container::plain}),
                         block_4096);
    memory_storage bgzf(compressed(on, data, {.container = pipeline::container::bgzf}), block_4096);
    memory_storage followed(trailing, block_4096);
    memory_storage empty(members_of({}), block_4096);
    memory_storage fits(members_of(data), block_4096);

    EXPECT_EQ(fit(large, &target).obstacle, "member exceeds device span");
    EXPECT_EQ(fit(ragged, &target).obstacle, "a member's data are no whole blocks of the target");
    EXPECT_EQ(fit(bgzf, &target).obstacle, "a member's data are no whole blocks of the target");
    EXPECT_EQ(fit(plain, &target).obstacle, "its members carry no sizes");
    EXPECT_EQ(fit(followed, &target).obstacle, "something follows its last member");
    EXPECT_EQ(fit(empty, &target).obstacle, "a member holds no data");
    EXPECT_EQ(fit(fits, &target, {.output_bytes_max = 299'999}).obstacle,
              "more data than is allowed");
    EXPECT_EQ(fit(fits, &target).obstacle, "");
    EXPECT_EQ(fit(fits, &target).data_bytes, data.size());
}

TEST_F(DeviceDecompress, RedoesInSoftwareWhatTheDeviceCannotDo) {
    const bytes data = compressible_bytes(1 << 20, 1);
    for (const std::size_t after : {0u, 5u, 17u}) {
        memory_storage source(members_of(data), block_4096);
        memory_storage target({}, block_4096);
        engine().delay_randomly(after);
        engine().fail_next(device_errc::redo_elsewhere, after);

        const device_outcome end = decompress(source, &target);

        ASSERT_TRUE(end.report) << end.text;
        EXPECT_EQ(target.content(), data);
        EXPECT_GT(end.report->software_bytes, 0u);
        EXPECT_EQ(end.report->software_reason, "nvme2: told to fail");
        EXPECT_TRUE(engine().distrusted.empty());
    }
}

TEST_F(DeviceDecompress, GoesOnInSoftwareWhereTheDeviceStopsServing) {
    const bytes data = compressible_bytes(2 << 20, 1);
    memory_storage source(members_of(data), block_4096);
    memory_storage target({}, block_4096);
    engine().stop_serving(9);

    const device_outcome end = decompress(source, &target);

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(target.content(), data);
    EXPECT_GT(end.report->software_bytes, 0u);
    EXPECT_EQ(engine().decoded, 9u);
}

TEST_F(DeviceDecompress, FailsWhereSoftwareIsForbidden) {
    memory_storage source(members_of(compressible_bytes(1 << 20, 1)), block_4096);
    memory_storage target({}, block_4096);
    engine().fail_next(device_errc::redo_elsewhere, 3);
    software = false;
    const std::uint64_t before = on.progress().bytes_out;

    EXPECT_EQ(decompress(source, &target).error, device_errc::redo_elsewhere);

    EXPECT_EQ(on.progress().bytes_out, before);
}

TEST_F(DeviceDecompress, NamesTheMemberThatIsBad) {
    memory_storage target({}, block_4096);
    bytes flipped = members_of(compressible_bytes(500'000, 1));
    flipped[100] ^= std::byte{0x10};
    memory_storage broken(flipped, block_4096);

    const device_outcome end = decompress(broken, &target);

    EXPECT_EQ(end.error.category(), pipeline::format_category());
    EXPECT_EQ(end.member_index, 0u);
    EXPECT_TRUE(engine().distrusted.empty());
}

TEST_F(DeviceDecompress, DistrustsADeviceThatRefusesAGoodMember) {
    const bytes data = compressible_bytes(500'000, 1);
    memory_storage source(members_of(data), block_4096);
    memory_storage target({}, block_4096);
    engine().fail_next(accel::codec_errc::bad_data, 2);

    const device_outcome end = decompress(source, &target);

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(target.content(), data);
    EXPECT_EQ(engine().distrusted.size(), 1u);
}

TEST_F(DeviceDecompress, HoldsADevicesChecksumAgainstTheMembers) {
    const bytes data = compressible_bytes(500'000, 1);
    memory_storage source(members_of(data), block_4096);
    memory_storage target({}, block_4096);
    engine().decompress_wrongly = true;

    const device_outcome end = decompress(source, &target);

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(target.content(), data);
    EXPECT_FALSE(engine().distrusted.empty());
}

// Between the look at its members and their decoding it may have become another file.
TEST_F(DeviceDecompress, TakesNoMemberThatDoesNotFit) {
    memory_storage large(members_of(compressible_bytes(300'000, 1), 200'000), block_4096);
    memory_storage ragged(members_of(compressible_bytes(300'000, 1), 5000), block_4096);
    memory_storage target({}, block_4096);

    EXPECT_EQ(decompress(large, &target).error, format_errc::source_changed);
    EXPECT_EQ(decompress(ragged, &target).error, format_errc::source_changed);
}

TEST_F(DeviceDecompress, StopsAtTheLimitOnOutput) {
    memory_storage source(members_of(compressible_bytes(300'000, 1)), block_4096);
    memory_storage target({}, block_4096);

    EXPECT_EQ(decompress(source, &target, {.output_bytes_max = 100'000}).error,
              format_errc::output_limit);
}

TEST_F(DeviceDecompress, ReportsErrorsOfSourceAndTarget) {
    memory_storage source(members_of(compressible_bytes(1 << 20, 1)), block_4096);
    memory_storage target({}, block_4096);

    source.fail_next_read(make_error_code(errc::io_error), 5);
    EXPECT_EQ(decompress(source, &target).error, errc::io_error);
    target.fail_next_write(make_error_code(errc::no_space_on_device), 3);
    EXPECT_EQ(decompress(source, &target).error, errc::no_space_on_device);
}

class DecompressOnTwoDevices : public DeviceTransfer {
protected:
    DecompressOnTwoDevices() : DeviceTransfer(2) {}
};

TEST_F(DecompressOnTwoDevices, RedoesOnTheOtherWhatOneCannotDo) {
    const bytes data = compressible_bytes(2 << 20, 1);
    memory_storage source(compressed(on, data, {.member_bytes = chunk_bytes}), block_4096);
    memory_storage target({}, block_4096);
    source.delay_randomly(1);
    engine(0).stop_serving(3);
    software = false;

    const device_outcome end = decompress(source, &target);

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(target.content(), data);
    EXPECT_EQ(engine(0).decoded, 3u);
    EXPECT_EQ(end.report->software_bytes, 0u);
}

}  // namespace
}  // namespace peerpress::test
