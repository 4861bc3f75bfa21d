#include "tests/pipeline/handmade_members.hpp"
#include "tests/pipeline/transfer_fixture.hpp"
#include "tests/support/reference_decoder.hpp"

#include <array>

namespace peerpress {
namespace {

using namespace test;
using pipeline::container;
using pipeline::format_errc;

constexpr container all_containers[] = {container::gzip, container::bgzf, container::plain,
                                        container::zlib, container::deflate};

bytes text(std::string_view from) {
    bytes out;
    for (const char c : from) out.push_back(static_cast<std::byte>(c));
    return out;
}

// Decompresses from and to aligned storages that complete out of order, and expects what the
// reference says.
outcome expect_as_reference(test_lane& on, const bytes& file,
                            pipeline::decompress_options options = {},
                            io::alignment target_alignment = block_4096) {
    memory_storage source(file, block_512);
    memory_storage target({}, target_alignment);
    source.delay_randomly(file.size() + 1);
    target.delay_randomly(file.size() + 2);

    const outcome end = on.decompress(source, &target, options);

    const reference_file expected =
        reference_decode(file, options.container, options.output_bytes_max);
    if (expected.error) {
        EXPECT_EQ(end.error, *expected.error) << end.text;
        EXPECT_EQ(end.member_index, expected.members) << end.text;
        EXPECT_EQ(end.offset_bytes, expected.member_offset_bytes) << end.text;
        EXPECT_GE(target.content().size(), expected.good_data_bytes);
        EXPECT_LE(target.content().size(), expected.data.size());
        EXPECT_TRUE(std::equal(
            target.content().begin(), target.content().end(), expected.data.begin(),
            expected.data.begin() + static_cast<std::ptrdiff_t>(
                                        std::min(target.content().size(), expected.data.size()))));
    } else {
        EXPECT_TRUE(end.report) << end.text;
        EXPECT_TRUE(target.content() == expected.data);
        if (end.report) {
            EXPECT_EQ(end.report->bytes_out, expected.data.size());
            EXPECT_EQ(end.report->bytes_in, file.size());
            EXPECT_EQ(end.report->members, expected.members);
            EXPECT_EQ(end.report->trailing_garbage_bytes, expected.trailing_garbage_bytes);
        }
    }
    EXPECT_TRUE(on.all_slots_free());
    return end;
}

TEST(Decompress, ReadsBackWhatCompressWroteWhateverSizeAndContainer) {
    test_lane on(small_lane(4, 64 << 10));
    for (const container c : all_containers) {
        for (const std::size_t size : {0u, 1u, 4095u, 4096u, 4097u, 65279u, 65280u, 65281u, 65535u,
                                       65536u, 65537u, 131072u, 200000u, 1000000u}) {
            for (const io::alignment alignment : {unaligned, block_512, block_4096}) {
                SCOPED_TRACE(testing::Message() << pipeline::container_name(c) << " " << size);
                const bytes data = compressible_bytes(size, size);
                const bytes file = compressed(on, data, {.container = c, .member_bytes = 20000});
                memory_storage source(file, alignment);
                memory_storage target({}, alignment);
                source.delay_randomly(size + 1);
                target.delay_randomly(size + 2);

                const outcome end = on.decompress(source, &target, {.container = c});

                ASSERT_TRUE(end.report) << end.text;
                EXPECT_TRUE(target.content() == data);
                EXPECT_EQ(end.report->bytes_in, file.size());
                EXPECT_EQ(end.report->bytes_out, size);
                const std::uint32_t sum =
                    c == container::zlib ? reference_adler32(data) : reference_crc32(data);
                EXPECT_EQ(end.report->crc32, sum);
                const bool members = c == container::gzip || c == container::bgzf;
                EXPECT_EQ(end.report->serial, !members);
            }
        }
    }
}

TEST(Decompress, DecodesMembersOfEveryKnownConventionApart) {
    test_lane on;
    const bytes data = compressible_bytes(700000, 1);
    for (const std::string convention : {"MiGz", "BGZF", "QATzip", "pgzip"}) {
        const outcome end = expect_as_reference(on, make_file(data, 60000, convention));

        ASSERT_TRUE(end.report);
        EXPECT_FALSE(end.report->serial) << convention;
        EXPECT_EQ(end.report->convention, convention);
    }
}

TEST(Decompress, DecodesMembersWithoutLengthsAsAStream) {
    test_lane on;
    const bytes data = compressible_bytes(700000, 2);

    const outcome end = expect_as_reference(on, make_file(data, 60000, "gzip"));

    ASSERT_TRUE(end.report);
    EXPECT_TRUE(end.report->serial);
    EXPECT_EQ(end.report->convention, "gzip");
}

TEST(Decompress, TellsGzipFromZlibByTheFirstBytes) {
    test_lane on;
    const bytes data = compressible_bytes(100000, 3);

    const outcome end = expect_as_reference(on, reference_deflate(data, 6, zlib_window));

    ASSERT_TRUE(end.report);
    EXPECT_EQ(end.report->convention, "zlib");
    EXPECT_EQ(end.report->crc32, reference_adler32(data));
}

TEST(Decompress, DecodesAMemberTooLargeForASlotAsAStreamAndTheNextApart) {
    test_lane on(small_lane(4, 64 << 10));
    const bytes small = compressible_bytes(50000, 4);
    for (const bytes& large : {incompressible_bytes(500000, 4), compressible_bytes(500000, 4)}) {
        bytes file = make_member(small, "MiGz").whole();
        append(file, make_member(large, "MiGz").whole());
        for (int count = 0; count < 20; ++count) append(file, make_member(small, "MiGz").whole());

        const outcome end = expect_as_reference(on, file);

        ASSERT_TRUE(end.report);
        EXPECT_TRUE(end.report->serial);
    }
}

TEST(Decompress, ReadsAndWritesStreamsInOrder) {
    test_lane on(small_lane(4, 64 << 10));
    const bytes data = compressible_bytes(3000000, 5);
    for (const std::string convention : {"MiGz", "gzip"}) {
        memory_storage source(make_file(data, 50000, convention));
        source.make_sequential();
        source.delay_randomly(1);
        memory_storage target;
        target.make_sequential();
        target.delay_randomly(2, 40);

        const outcome end = on.decompress(source, &target);

        ASSERT_TRUE(end.report) << end.text;
        EXPECT_TRUE(target.content() == data);
    }
}

TEST(Decompress, ChecksWithoutATarget) {
    test_lane on;
    const bytes data = compressible_bytes(300000, 6);
    bytes file = make_file(data, 50000, "MiGz");
    memory_storage good(file);
    file[file.size() / 2] ^= std::byte{1};
    memory_storage bad(file);

    const outcome end = on.decompress(good, nullptr);
    const outcome bad_end = on.decompress(bad, nullptr);

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_EQ(end.report->bytes_out, data.size());
    EXPECT_EQ(end.report->crc32, reference_crc32(data));
    EXPECT_TRUE(bad_end.error);
}

TEST(Decompress, MovesASmallFileByOneReadAndOneWrite) {
    test_lane on;
    for (const std::string convention : {"MiGz", "gzip"}) {
        memory_storage source(make_file(compressible_bytes(5000, 7), 5000, convention), block_4096);
        memory_storage target({}, block_4096);

        ASSERT_TRUE(on.decompress(source, &target).report);

        EXPECT_EQ(source.reads(), 1u);
        EXPECT_EQ(target.writes(), 1u);
    }
}

TEST(Decompress, WritesMembersOfWholeBlocksWithoutMovingThem) {
    test_lane on;
    const bytes data = compressible_bytes(40 * 65536, 8);
    memory_storage source(make_file(data, 65536, "MiGz"), block_4096);
    memory_storage target({}, block_4096);

    ASSERT_TRUE(on.decompress(source, &target).report);

    EXPECT_EQ(target.writes(), 3u);  // by about one MiB each
    EXPECT_TRUE(target.content() == data);
}

// --- what follows the last member
// ------------------------------------------------------------------------

TEST(Decompress, JudgesWhatFollowsTheLastMemberAsGnuGzipDoes) {
    test_lane on;
    for (const std::string convention : {"MiGz", "gzip"}) {
        const bytes member = make_member(text("hello"), convention).whole();
        const std::array<bytes, 12> rests{
            bytes(1),
            bytes(5000),
            text("x"),
            text("xy"),
            text("garbage that goes on"),
            text(std::string_view("\0garbage", 8)),
            text("\x1f"),
            text("\x1fx"),
            text("\x1f\x8b"),
            text("\x1f\x8b\x07 not deflate"),
            text("\x1f\x8b\x08\xe0 reserved"),
            incompressible_bytes(100000, 9),
        };
        for (const bytes& rest : rests) {
            SCOPED_TRACE(testing::Message() << convention << " " << rest.size());
            bytes file = member;
            append(file, rest);
            expect_as_reference(on, file);
        }
    }
}

TEST(Decompress, FindsGarbageBehindALongPadding) {
    test_lane on(small_lane(2, 4096));
    bytes file = make_member(text("hello"), "MiGz").whole();
    append(file, bytes(300000));
    file.push_back(std::byte{'x'});

    const outcome end = expect_as_reference(on, file);

    ASSERT_TRUE(end.report);
    EXPECT_EQ(end.report->trailing_garbage_bytes, 300001u);
}

TEST(Decompress, ReportsWhatFollowsAZlibStream) {
    test_lane on;
    bytes file = reference_deflate(text("hello"), 6, zlib_window);
    append(file, text("xyz"));

    const outcome end = expect_as_reference(on, file);

    ASSERT_TRUE(end.report);
    EXPECT_EQ(end.report->trailing_garbage_bytes, 3u);
}

// --- broken files
// ----------------------------------------------------------------------------------------

TEST(Decompress, CallsAnEmptyFileTruncated) {
    test_lane on;
    for (const std::optional<container> c :
         {std::optional<container>{}, std::optional(container::gzip),
          std::optional(container::zlib), std::optional(container::deflate)}) {
        memory_storage source;
        memory_storage target;
        EXPECT_EQ(on.decompress(source, &target, {.container = c}).error, format_errc::truncated);
    }
}

TEST(Decompress, RefusesWhatIsNotCompressed) {
    test_lane on;
    for (const std::string_view start : {"hello", "x", "PK\x03\x04", "xx"})
        expect_as_reference(on, text(start));
    memory_storage source(text("hello"));
    EXPECT_EQ(on.decompress(source, nullptr).error, format_errc::not_compressed);
}

TEST(Decompress, CallsEveryTruncationOne) {
    test_lane on;
    const bytes data = incompressible_bytes(90, 10);
    for (const std::string convention : {"MiGz", "gzip"}) {
        const bytes file = make_file(data, 90, convention);
        for (std::size_t length = 1; length < file.size(); ++length) {
            SCOPED_TRACE(length);
            const outcome end = expect_as_reference(
                on, bytes(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(length)));
            EXPECT_EQ(end.error, format_errc::truncated);
        }
    }
}

TEST(Decompress, NamesTheMemberAndItsOffset) {
    test_lane on;
    const bytes data = compressible_bytes(10000, 11);
    const member_parts good = make_member(data, "MiGz");
    const std::uint64_t offset_bytes = 3 * good.whole().size();
    const auto file_with = [&](const member_parts& bad) {
        bytes file;
        for (int count = 0; count < 3; ++count) append(file, good.whole());
        append(file, bad.whole());
        append(file, good.whole());
        return file;
    };
    member_parts wrong_crc = good;
    wrong_crc.crc32 ^= 1;
    member_parts wrong_size = good;
    wrong_size.isize += 1;
    member_parts bad_data = good;
    bad_data.deflate[0] = std::byte{7};  // block type 3

    for (const auto& [bad, errc] : {std::pair{wrong_crc, format_errc::wrong_checksum},
                                    std::pair{wrong_size, format_errc::wrong_size},
                                    std::pair{bad_data, format_errc::bad_data}}) {
        const outcome end = expect_as_reference(on, file_with(bad));

        EXPECT_EQ(end.error, errc);
        EXPECT_EQ(end.member_index, 3u);
        EXPECT_EQ(end.offset_bytes, offset_bytes);
        const std::string place = "member 3 at offset " + std::to_string(offset_bytes);
        EXPECT_NE(end.text.find(place), std::string::npos) << end.text;
    }
}

TEST(Decompress, TakesMembersThatLieAboutTheirLengthForWhatTheyAre) {
    test_lane on;
    const bytes data = compressible_bytes(10000, 12);
    bytes file;
    for (int count = 0; count < 10; ++count) {
        member_parts member = make_member(data, "MiGz");
        if (count == 4) member.header[16] ^= std::byte{1};
        append(file, member.whole());
    }

    const outcome end = expect_as_reference(on, file);

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_TRUE(end.report->serial);
}

// --- limits
// ----------------------------------------------------------------------------------------------

TEST(Decompress, StopsExactlyAtTheLimit) {
    test_lane on(small_lane(4, 64 << 10));
    const bytes data = compressible_bytes(100000, 13);
    for (const std::string convention : {"MiGz", "gzip"}) {
        const bytes file = make_file(data, 30000, convention);
        for (const std::uint64_t limit : {0u, 1u, 29999u, 30000u, 30001u, 65536u, 99999u}) {
            SCOPED_TRACE(limit);
            const outcome end = expect_as_reference(on, file, {.output_bytes_max = limit});
            EXPECT_EQ(end.error, format_errc::output_limit);
            EXPECT_EQ(end.member_index, limit / 30000);
        }
        EXPECT_TRUE(expect_as_reference(on, file, {.output_bytes_max = 100000}).report);
    }
}

TEST(Decompress, WritesUpToTheLimitAndNothingBeyond) {
    test_lane on;
    memory_storage source(make_file(compressible_bytes(100000, 14), 30000, "MiGz"));
    memory_storage target;

    EXPECT_EQ(on.decompress(source, &target, {.output_bytes_max = 50000}).error,
              format_errc::output_limit);

    EXPECT_EQ(target.content().size(), 50000u);
}

TEST(Decompress, StopsABombAtTheLimitHoweverItIsFramed) {
    test_lane on(small_lane(3, 64 << 10));
    const member_parts bomb = make_member(bytes(64 << 20), "MiGz", 9);
    member_parts modest = bomb;  // its trailer claims that it is small
    modest.isize = 1000;
    const member_parts plain = make_member(bytes(64 << 20), "gzip", 9);
    for (const member_parts& member : {bomb, modest, plain}) {
        memory_storage source(member.whole());
        memory_storage target({}, block_4096);

        const outcome end = on.decompress(source, &target, {.output_bytes_max = 3000000});

        EXPECT_EQ(end.error, format_errc::output_limit) << end.text;
        EXPECT_EQ(target.content().size(), 3000000u);
        EXPECT_TRUE(on.all_slots_free());
    }
}

}  // namespace
}  // namespace peerpress
