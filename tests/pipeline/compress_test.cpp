#include "pipeline/gzip/member.hpp"
#include "pipeline/level_governor.hpp"
#include "tests/pipeline/transfer_fixture.hpp"
#include "tests/support/reference_decoder.hpp"

#include <gmock/gmock.h>

namespace peerpress {
namespace {

using namespace test;
using pipeline::container;
using pipeline::format_errc;

constexpr container all_containers[] = {container::gzip, container::bgzf, container::plain,
                                        container::zlib, container::deflate};

// Compressible and not, in turns.
bytes mixed_bytes(std::size_t size, std::uint64_t seed) {
    bytes data = compressible_bytes(size, seed);
    const bytes noise = incompressible_bytes(size, seed);
    for (std::size_t at = 0; at < size; ++at)
        if ((at / 10000) % 3 == 2) data[at] = noise[at];
    return data;
}

void expect_data(const bytes& file, container c, const bytes& data) {
    const reference_file decoded = reference_decode(file, c);
    ASSERT_FALSE(decoded.error) << static_cast<int>(*decoded.error);
    ASSERT_EQ(decoded.data.size(), data.size());
    EXPECT_TRUE(decoded.data == data);
    EXPECT_EQ(decoded.trailing_garbage_bytes, 0u);
}

TEST(Compress, WritesWhatZlibReadsWhateverTheSizeAndContainer) {
    test_lane on(small_lane(4, 64 << 10));
    for (const container c : all_containers) {
        for (const std::size_t size :
             {0u, 1u, 4095u, 4096u, 4097u, 65279u, 65280u, 65281u, 65535u, 65536u, 65537u, 130559u,
              130560u, 130561u, 131072u, 200000u, 655360u}) {
            SCOPED_TRACE(testing::Message() << pipeline::container_name(c) << " " << size);
            const bytes data = mixed_bytes(size, size);
            memory_storage source(data, block_4096);
            memory_storage target({}, block_4096);
            source.delay_randomly(size + 1);
            target.delay_randomly(size + 2);

            const outcome end =
                on.compress(source, &target, {.container = c, .member_bytes = 64 << 10});

            ASSERT_TRUE(end.report) << end.text;
            EXPECT_EQ(end.report->bytes_in, size);
            EXPECT_EQ(end.report->bytes_out, target.content().size());
            const std::uint32_t sum =
                c == container::zlib ? reference_adler32(data) : reference_crc32(data);
            EXPECT_EQ(end.report->crc32, sum);
            expect_data(target.content(), c, data);
        }
    }
    EXPECT_TRUE(on.all_slots_free());
}

// However the levels change on the way, it is one file that every decoder reads.
TEST(Compress, WritesWhatZlibReadsAtLevelsThatAGovernorChooses) {
    test_lane on(small_lane(8, 4096));
    const bytes data = compressible_bytes(6 << 20, 5);
    for (const container c : {container::gzip, container::plain}) {
        memory_storage source(data, block_4096);
        memory_storage target({}, block_4096);
        pipeline::level_governor governor({.parallelism = 2, .rate = 1});

        const outcome end = on.compress(
            source, &target, {.container = c, .governor = &governor, .member_bytes = 4096});

        ASSERT_TRUE(end.report) << end.text;
        expect_data(target.content(), c, data);
        std::uint64_t sum = 0;
        for (const pipeline::level_bytes& part : end.report->levels) sum += part.bytes;
        EXPECT_EQ(sum, data.size());
        ASSERT_FALSE(end.report->levels.empty());
        EXPECT_EQ(end.report->levels.front().level, 1);
    }
}

TEST(Compress, ReportsNoLevelsWhereOneWasNamed) {
    test_lane on;
    memory_storage source(compressible_bytes(10000, 5));
    memory_storage target;

    EXPECT_TRUE(on.compress(source, &target, {.level = 3}).report->levels.empty());
}

TEST(Compress, WritesTheSameBytesWhateverTheAlignmentAndTheLevelOfStorages) {
    test_lane on;
    const bytes data = mixed_bytes(300000, 3);
    for (const int level : {1, 3, 6, 12}) {
        const pipeline::compress_options options{.level = level, .member_bytes = 20480};
        SCOPED_TRACE(testing::Message() << "level " << level);
        const bytes expected = compressed(on, data, options);
        expect_data(expected, container::gzip, data);
        for (const io::alignment from : {unaligned, block_512, block_4096}) {
            for (const io::alignment to : {unaligned, block_512, block_4096}) {
                memory_storage source(data, from);
                memory_storage target({}, to);
                ASSERT_TRUE(on.compress(source, &target, options).report);
                EXPECT_TRUE(target.content() == expected);
            }
        }
    }
}

TEST(Compress, CutsMembersThatAreNoMultipleOfTheSourcesBlock) {
    test_lane on;
    const bytes data = mixed_bytes(100001, 4);
    for (const std::uint32_t member_bytes : {4096u, 5000u, 9999u, 65535u}) {
        memory_storage source(data, block_4096);
        memory_storage target({}, block_512);

        const outcome end = on.compress(source, &target, {.member_bytes = member_bytes});

        ASSERT_TRUE(end.report) << end.text;
        EXPECT_EQ(end.report->members, (data.size() + member_bytes - 1) / member_bytes);
        expect_data(target.content(), container::gzip, data);
    }
}

TEST(Compress, MakesOneEmptyMemberOfAnEmptySource) {
    test_lane on;
    memory_storage source;
    memory_storage target;

    const outcome end = on.compress(source, &target);

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(end.report->members, 1u);
    EXPECT_EQ(end.report->crc32, 0u);
    expect_data(target.content(), container::gzip, {});
}

TEST(Compress, MovesASmallFileByOneReadAndOneWrite) {
    test_lane on;
    memory_storage source(compressible_bytes(4000, 5), block_4096);
    memory_storage target({}, block_4096);

    ASSERT_TRUE(on.compress(source, &target).report);

    EXPECT_EQ(source.reads(), 1u);
    EXPECT_EQ(target.writes(), 1u);
}

TEST(Compress, WritesWholeBlocksOnlyAndTruncatesToTheExactSize) {
    test_lane on;
    memory_storage source(mixed_bytes(500000, 6), block_4096);
    memory_storage target({}, block_4096);

    const outcome end = on.compress(source, &target, {.member_bytes = 8192});

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(target.content().size(), end.report->bytes_out);
    EXPECT_NE(end.report->bytes_out % 4096, 0u);
    for (const memory_storage::write_record& write : target.write_log()) {
        EXPECT_EQ(write.offset_bytes % 4096, 0u);
        EXPECT_EQ(write.length_bytes % 4096, 0u);
    }
}

TEST(Compress, ReplacesALongerContent) {
    test_lane on;
    const bytes data = compressible_bytes(1000, 7);
    memory_storage source(data);
    memory_storage target(incompressible_bytes(100000, 7));

    ASSERT_TRUE(on.compress(source, &target).report);

    expect_data(target.content(), container::gzip, data);
}

TEST(Compress, ReadsAStreamOfUnknownLengthInOrder) {
    test_lane on;
    for (const container c : all_containers) {
        for (const std::size_t size : {0u, 1u, 8191u, 8192u, 8193u, 100000u, 131072u}) {
            SCOPED_TRACE(testing::Message() << pipeline::container_name(c) << " " << size);
            const bytes data = mixed_bytes(size, size);
            memory_storage source(data);
            source.make_sequential();
            memory_storage target;
            target.make_sequential();
            source.delay_randomly(size + 1);
            target.delay_randomly(size + 2);

            const outcome end =
                on.compress(source, &target, {.container = c, .member_bytes = 8192});

            ASSERT_TRUE(end.report) << end.text;
            expect_data(target.content(), c, data);
        }
    }
}

TEST(Compress, DoesNotBelieveASizeOfZero) {
    test_lane on;
    const bytes data = compressible_bytes(100000, 8);
    memory_storage source(data, block_512);
    source.claim_size(0);
    memory_storage target;

    ASSERT_TRUE(on.compress(source, &target, {.member_bytes = 4096}).report);

    expect_data(target.content(), container::gzip, data);
}

TEST(Compress, LetsAStreamHoldFewSlotsHoweverLongItStalls) {
    test_lane on(small_lane(16));
    const bytes data = incompressible_bytes(40 * 4096, 9);
    memory_storage source(data);
    memory_storage target;
    target.make_sequential();
    target.delay_randomly(9, 100);

    std::uint32_t free_min = 16;
    std::future<pipeline::transfer_report> done =
        on.start(pipeline::compress(on.route(source, &target), {.member_bytes = 4096}));
    while (done.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
        free_min = std::min(free_min, on.free_slots());

    ASSERT_TRUE(test_lane::get_outcome(done).report);
    EXPECT_GE(free_min, 16u - (2 + 2));
}

class SizeChanges : public testing::TestWithParam<std::size_t> {};

TEST_P(SizeChanges, AreNoticedWhenTheSourceShrinks) {
    test_lane on;
    memory_storage source(compressible_bytes(GetParam() - 1, 1), block_4096);
    source.claim_size(GetParam());
    memory_storage target;

    EXPECT_EQ(on.compress(source, &target, {.member_bytes = 8192}).error,
              format_errc::source_changed);
    EXPECT_TRUE(on.all_slots_free());
}

TEST_P(SizeChanges, AreNoticedWhenTheSourceGrows) {
    test_lane on;
    memory_storage source(compressible_bytes(GetParam() + 1, 1), block_4096);
    source.claim_size(GetParam());
    memory_storage target;

    EXPECT_EQ(on.compress(source, &target, {.member_bytes = 8192}).error,
              format_errc::source_changed);
    EXPECT_TRUE(on.all_slots_free());
}

INSTANTIATE_TEST_SUITE_P(, SizeChanges,
                         testing::Values(1, 4095, 4096, 8191, 8192, 8193, 16384, 50000));

TEST(Compress, RefusesWhatIsOutOfRange) {
    test_lane on(small_lane(4, 64 << 10));
    memory_storage source(bytes(10));
    memory_storage target;
    const auto invalid = make_error_code(boost::system::errc::invalid_argument);

    EXPECT_EQ(on.compress(source, &target, {.level = 0}).error, invalid);
    EXPECT_EQ(on.compress(source, &target, {.level = 13}).error, invalid);
    EXPECT_EQ(on.compress(source, &target, {.member_bytes = 4095}).error, invalid);
    EXPECT_EQ(on.compress(source, &target, {.member_bytes = (64 << 10) + 1}).error, invalid);
    EXPECT_EQ(target.writes(), 0u);
}

TEST(Compress, ReportsProgressToTheByte) {
    test_lane on;
    memory_storage source(mixed_bytes(100000, 10), block_512);
    memory_storage target({}, block_4096);

    const outcome end = on.compress(source, &target, {.member_bytes = 4096});

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(on.progress().bytes_in, 100000u);
    EXPECT_EQ(on.progress().bytes_out, target.content().size());
}

TEST(Compress, MakesBgzfThatEndsInItsEmptyBlock) {
    test_lane on(small_lane(4, 1 << 20));
    const bytes data = mixed_bytes(2500000, 11);

    const bytes file = compressed(on, data, {.container = container::bgzf});

    expect_data(file, container::bgzf, data);
    const bytes_view end = pipeline::gzip::bgzf_end_of_file();
    ASSERT_GE(file.size(), end.size());
    EXPECT_TRUE(std::equal(end.begin(), end.end(), file.end() - end.size()));
}

}  // namespace
}  // namespace peerpress
