// Whatever a file claims, it means what strict zlib makes of it, member by member.
#include "tests/pipeline/handmade_members.hpp"
#include "tests/pipeline/transfer_fixture.hpp"
#include "tests/support/reference_decoder.hpp"

#include <random>

namespace peerpress {
namespace {

using namespace test;
using pipeline::format_errc;

class forger {
public:
    explicit forger(std::uint64_t seed) : random_(seed) {}

    bytes make_file() {
        bytes file;
        for (std::uint64_t count = 1 + below(7); count > 0; --count)
            test::append(file, forge(make_part()).whole());
        damage(file);
        add_rest(file);
        return file;
    }
    bool one_in(std::uint64_t n) { return below(n) == 0; }
    std::uint64_t below(std::uint64_t n) { return random_() % n; }

private:
    member_parts make_part() {
        static constexpr const char* conventions[] = {"MiGz",   "MiGz",  "BGZF",
                                                      "QATzip", "pgzip", "gzip"};
        const std::size_t size = one_in(4) ? below(20) : below(9000);
        const bytes data =
            one_in(3) ? incompressible_bytes(size, random_()) : compressible_bytes(size, random_());
        const int level = static_cast<int>(below(10));
        return make_member(data, one_in(8) ? "gzip" : conventions[below(6)], level);
    }

    // One field that does not tell the truth, now and then.
    member_parts forge(member_parts member) {
        if (!one_in(4)) return member;
        switch (below(6)) {
            case 0:
                member.crc32 ^= 1u << below(32);
                break;
            case 1:
                member.isize += static_cast<std::uint32_t>(one_in(2) ? 1 : below(1 << 20));
                break;
            case 2:
                member.isize = static_cast<std::uint32_t>(below(member.isize + 1));
                break;
            case 3:  // the length field lies at the end of the 20-byte header, or nearly
                if (member.header.size() >= 20)
                    member.header[16 + below(4)] ^= static_cast<std::byte>(1u << below(8));
                break;
            case 4:
                member.deflate[below(member.deflate.size())] ^=
                    static_cast<std::byte>(1u << below(8));
                break;
            case 5:  // more between the data and the trailer, or less
                if (one_in(2))
                    member.deflate.resize(member.deflate.size() + 1 + below(20));
                else
                    member.deflate.resize(1 + below(member.deflate.size()));
                break;
        }
        return member;
    }

    void damage(bytes& file) {
        if (one_in(5)) file[below(file.size())] = static_cast<std::byte>(random_());
        if (one_in(5)) file.resize(1 + below(file.size()));
    }

    void add_rest(bytes& file) {
        if (one_in(6)) file.resize(file.size() + below(6000));
        if (one_in(6)) test::append(file, incompressible_bytes(below(100), random_()));
        if (one_in(12)) {
            const bytes member = make_member(compressible_bytes(100, 1), "MiGz").whole();
            test::append(file, bytes_view(member).first(1 + below(member.size())));
        }
    }

    std::mt19937_64 random_;
};

// zlib has a header's method and flags before it judges the method: of a file that ends between the
// two it says that it is cut short. We, and gzip, call the method unknown.
bool is_same_error(error_code ours, format_errc theirs) {
    return ours == theirs ||
           (ours == format_errc::unsupported_method && theirs == format_errc::truncated);
}

void expect_agreement(test_lane& on, const bytes& file, pipeline::decompress_options options,
                      std::uint64_t seed) {
    const io::alignment alignments[] = {unaligned, block_512, block_4096};
    memory_storage source(file, alignments[seed % 3]);
    memory_storage target({}, alignments[seed / 3 % 3]);
    source.delay_randomly(seed + 1);
    target.delay_randomly(seed + 2);
    if (seed % 7 == 0 && seed % 3 == 0) source.make_sequential();
    if (seed % 5 == 0 && seed / 3 % 3 == 0) target.make_sequential();

    const outcome end = on.decompress(source, &target, options);

    const reference_file expected = reference_decode(file, {}, options.output_bytes_max);
    const bytes& content = target.content();
    if (!expected.error) {
        ASSERT_TRUE(end.report) << end.text;
        ASSERT_TRUE(content == expected.data);
        ASSERT_EQ(end.report->members, expected.members);
        ASSERT_EQ(end.report->crc32, reference_crc32(expected.data));
        ASSERT_EQ(end.report->trailing_garbage_bytes, expected.trailing_garbage_bytes);
        ASSERT_EQ(end.report->bytes_in, file.size());
    } else {
        ASSERT_TRUE(is_same_error(end.error, *expected.error))
            << end.text << ", not " << make_error_code(*expected.error).message();
        ASSERT_EQ(end.member_index, expected.members);
        ASSERT_EQ(end.offset_bytes, expected.member_offset_bytes);
        ASSERT_GE(content.size(), expected.good_data_bytes);
        ASSERT_LE(content.size(), expected.data.size());
        ASSERT_TRUE(std::equal(content.begin(), content.end(), expected.data.begin()));
    }
}

// Instrumented, each takes ten times as long.
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t seeds = 400;
#else
constexpr std::uint64_t seeds = 3000;
#endif

TEST(ForgedFiles, MeanWhatStrictZlibMakesOfThem) {
    test_lane on(small_lane(3, 8192));
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        forger forge(seed);
        const bytes file = forge.make_file();
        pipeline::decompress_options options;
        if (forge.one_in(4)) options.output_bytes_max = forge.below(30000);

        expect_agreement(on, file, options, seed);

        ASSERT_TRUE(on.all_slots_free());
        ASSERT_FALSE(testing::Test::HasFatalFailure()) << "seed " << seed;
    }
}

// Every value of every byte that a hop depends on.
TEST(ForgedFiles, MayLieInEachByteOfALengthField) {
    test_lane on(small_lane(3, 8192));
    const bytes data = compressible_bytes(3000, 1);
    for (const std::string convention : {"MiGz", "BGZF", "QATzip", "pgzip"}) {
        const bytes member = make_member(data, convention).whole();
        bytes file;
        for (int count = 0; count < 4; ++count) append(file, member);
        for (std::size_t at = 10; at < 24; ++at) {
            for (const int value : {0, 1, 2, 28, 0x7f, 0x80, 0xfe, 0xff}) {
                SCOPED_TRACE(testing::Message() << convention << " " << at << " " << value);
                bytes forged = file;
                forged[member.size() + at] = static_cast<std::byte>(value);
                expect_agreement(on, forged, {}, at * 256 + static_cast<unsigned>(value));
            }
        }
    }
}

}  // namespace
}  // namespace peerpress
