#include "tests/pipeline/handmade_members.hpp"
#include "tests/pipeline/transfer_fixture.hpp"

#include <random>

namespace peerpress {
namespace {

using namespace test;
using pipeline::container;
using pipeline::format_errc;

using byte_range = pipeline::decompress_options::byte_range;

bytes slice(const bytes& data, byte_range range) {
    const std::uint64_t start = std::min<std::uint64_t>(range.offset_bytes, data.size());
    const std::uint64_t length = std::min<std::uint64_t>(range.length_bytes, data.size() - start);
    return {data.begin() + static_cast<std::ptrdiff_t>(start),
            data.begin() + static_cast<std::ptrdiff_t>(start + length)};
}

void expect_slice(test_lane& on, memory_storage& source, const bytes& data, byte_range range,
                  io::alignment alignment = block_512) {
    SCOPED_TRACE(testing::Message() << range.offset_bytes << " + " << range.length_bytes);
    memory_storage target({}, alignment);

    const outcome end = on.decompress(source, &target, {.range = range});

    ASSERT_TRUE(end.report) << end.text;
    EXPECT_TRUE(target.content() == slice(data, range));
    EXPECT_EQ(end.report->bytes_out, target.content().size());
}

TEST(RandomAccess, GivesExactlyTheSlice) {
    test_lane on;
    const bytes data = compressible_bytes(1000000, 1);
    std::mt19937_64 random(1);
    for (const std::string convention : {"MiGz", "BGZF", "QATzip", "pgzip"}) {
        memory_storage source(make_file(data, 30000, convention), block_4096);
        for (const byte_range range :
             {byte_range{0, 0}, byte_range{0, 1}, byte_range{0, 1000000}, byte_range{0, ~0ull},
              byte_range{29999, 1}, byte_range{30000, 1}, byte_range{29999, 2},
              byte_range{30000, 30000}, byte_range{999999, 5}, byte_range{1000000, 5},
              byte_range{~0ull, ~0ull}})
            expect_slice(on, source, data, range);
        for (int count = 0; count < 20; ++count)
            expect_slice(on, source, data, {random() % 1100000, random() % 200000},
                         count % 2 == 0 ? block_4096 : unaligned);
    }
    EXPECT_TRUE(on.all_slots_free());
}

TEST(RandomAccess, ReadsLittleOfWhatItSkips) {
    test_lane on;
    const bytes data = incompressible_bytes(20 << 20, 2);
    const bytes file = compressed(on, data);
    memory_storage source(file, block_4096);

    expect_slice(on, source, data, {10 << 20, 1000});

    // One look at each of about 10 members, the member itself in windows.
    EXPECT_LE(source.reads(), 20u);
}

TEST(RandomAccess, NeedsMembersThatTellTheirLengthUpToTheRangesEnd) {
    test_lane on;
    const bytes data = compressible_bytes(100000, 3);
    bytes mixed = make_file(data, 30000, "MiGz");
    append(mixed, make_file(data, 30000, "gzip"));
    memory_storage some(mixed);
    memory_storage none(make_file(data, 30000, "gzip"));
    memory_storage zlib(reference_deflate(data, 6, zlib_window));
    memory_storage stream(make_file(data, 30000, "MiGz"));
    stream.make_sequential();
    const auto error_of = [&](io::storage& source, pipeline::decompress_options options) {
        memory_storage target;
        return on.decompress(source, &target, options).error;
    };

    expect_slice(on, some, data, {50000, 50000});
    EXPECT_EQ(error_of(some, {.range = byte_range{50000, 50001}}), format_errc::range_unsupported);
    EXPECT_EQ(error_of(none, {.range = byte_range{0, 1}}), format_errc::range_unsupported);
    EXPECT_EQ(error_of(zlib, {.range = byte_range{0, 1}}), format_errc::range_unsupported);
    EXPECT_EQ(error_of(zlib, {.container = container::zlib, .range = byte_range{0, 1}}),
              format_errc::range_unsupported);
    EXPECT_EQ(error_of(stream, {.range = byte_range{0, 1}}), format_errc::range_unsupported);
}

TEST(RandomAccess, EndsAtTrailingGarbageAndPadding) {
    test_lane on;
    const bytes data = compressible_bytes(100000, 4);
    for (const bytes& rest : {bytes(100), incompressible_bytes(100, 4)}) {
        bytes file = make_file(data, 30000, "MiGz");
        append(file, rest);
        memory_storage source(file);
        expect_slice(on, source, data, {90000, 50000});
    }
}

TEST(RandomAccess, NamesABrokenMemberByItsPlaceInTheFile) {
    test_lane on;
    const member_parts good = make_member(compressible_bytes(30000, 5), "MiGz");
    member_parts bad = good;
    bad.crc32 ^= 1;
    bytes file;
    for (int count = 0; count < 3; ++count) append(file, good.whole());
    append(file, bad.whole());
    memory_storage source(file);
    memory_storage target;

    const outcome end = on.decompress(source, &target, {.range = byte_range{100000, 10}});

    EXPECT_EQ(end.error, format_errc::wrong_checksum);
    EXPECT_EQ(end.member_index, 3u);
    EXPECT_EQ(end.offset_bytes, 3 * good.whole().size());
}

// --- list
// ------------------------------------------------------------------------------------------------

TEST(List, TellsTheSizesFromTheMembersClaims) {
    test_lane on;
    const bytes data = compressible_bytes(1000000, 6);
    for (const std::string convention : {"MiGz", "BGZF", "QATzip", "pgzip"}) {
        bytes file = make_file(data, 60000, convention);
        const std::size_t file_bytes = file.size();
        file[file_bytes / 2] ^= std::byte{1};  // nobody looks there
        memory_storage source(file, block_4096);

        const pipeline::listing listing = on.run(pipeline::list(on.route(source, nullptr)));

        EXPECT_EQ(listing.convention, convention);
        EXPECT_TRUE(listing.from_index);
        EXPECT_EQ(listing.members, 17u);
        EXPECT_EQ(listing.compressed_bytes, file_bytes);
        EXPECT_EQ(listing.data_bytes, data.size());
    }
}

TEST(List, DecodesWhatDoesNotTell) {
    test_lane on;
    const bytes data = compressible_bytes(1000000, 7);
    const auto list_of = [&](const bytes& file) {
        memory_storage source(file, block_512);
        return on.run(pipeline::list(on.route(source, nullptr)));
    };
    bytes mixed = make_file(data, 300000, "MiGz");
    append(mixed, make_member(data).whole());

    const pipeline::listing plain = list_of(make_file(data, 300000, "gzip"));
    const pipeline::listing zlib = list_of(reference_deflate(data, 6, zlib_window));
    const pipeline::listing both = list_of(mixed);

    EXPECT_EQ(plain.convention, "gzip");
    EXPECT_FALSE(plain.from_index);
    EXPECT_EQ(plain.members, 4u);
    EXPECT_EQ(plain.data_bytes, data.size());
    EXPECT_EQ(zlib.convention, "zlib");
    EXPECT_EQ(zlib.members, 1u);
    EXPECT_EQ(zlib.data_bytes, data.size());
    EXPECT_EQ(both.convention, "MiGz");
    EXPECT_EQ(both.members, 5u);
    EXPECT_EQ(both.data_bytes, 2 * data.size());
}

TEST(List, ListsAStream) {
    test_lane on;
    memory_storage source(make_file(compressible_bytes(100000, 8), 30000, "MiGz"));
    source.make_sequential();

    const pipeline::listing listing = on.run(pipeline::list(on.route(source, nullptr)));

    EXPECT_FALSE(listing.from_index);
    EXPECT_EQ(listing.data_bytes, 100000u);
}

TEST(List, RefusesWhatIsNotCompressed) {
    test_lane on;
    memory_storage source(compressible_bytes(100, 9));

    EXPECT_THROW(on.run(pipeline::list(on.route(source, nullptr))), pipeline::format_error);
}

}  // namespace
}  // namespace peerpress
