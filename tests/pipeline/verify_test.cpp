#include "pipeline/verify.hpp"

#include "tests/pipeline/handmade_members.hpp"
#include "tests/pipeline/transfer_fixture.hpp"

namespace peerpress {
namespace {

using namespace test;
using pipeline::container;
using pipeline::format_errc;

class VerifyFull : public testing::Test {
protected:
    outcome verify(const bytes& plain, const bytes& file, std::optional<container> c = {},
                   io::alignment alignment = block_4096) {
        memory_storage source(plain, alignment);
        memory_storage compressed(file, block_512);
        source.delay_randomly(1);
        compressed.delay_randomly(2);
        outcome end;
        try {
            on.run(pipeline::verify_full(on.route(source, nullptr), compressed, c));
        } catch (const pipeline::format_error& error) {
            end.error = error.code();
            end.member_index = error.member_index();
            end.offset_bytes = error.offset_bytes();
        } catch (const system_error& error) {
            end.error = error.code();
        }
        EXPECT_TRUE(on.all_slots_free());
        return end;
    }

    test_lane on;
    const bytes data = compressible_bytes(3000000, 1);
};

TEST_F(VerifyFull, AcceptsWhatHoldsTheSourcesBytes) {
    for (const container c : {container::gzip, container::bgzf, container::plain, container::zlib,
                              container::deflate}) {
        const bytes file = compressed(on, data, {.container = c, .member_bytes = 70000});
        EXPECT_FALSE(verify(data, file, c).error);
        EXPECT_FALSE(verify(data, file, c, unaligned).error);
    }
    EXPECT_FALSE(verify({}, compressed(on, {})).error);
}

TEST_F(VerifyFull, FindsOneWrongByteAndNamesItsMember) {
    const bytes file = compressed(on, data, {.member_bytes = 70000});
    for (const std::size_t at : {0u, 69999u, 70000u, 1500000u, 2999999u}) {
        bytes other = data;
        other[at] ^= std::byte{1};

        const outcome end = verify(other, file);

        EXPECT_EQ(end.error, format_errc::mismatch);
        EXPECT_EQ(end.member_index, at / 70000) << at;
    }
}

TEST_F(VerifyFull, FindsMissingAndSurplusData) {
    const bytes file = compressed(on, data, {.member_bytes = 70000});
    bytes longer = data;
    longer.push_back(std::byte{0});
    const bytes shorter(data.begin(), data.end() - 1);

    const outcome missing = verify(longer, file);
    const outcome surplus = verify(shorter, file);

    EXPECT_EQ(missing.error, format_errc::mismatch);
    EXPECT_EQ(missing.member_index, 43u);  // where the next would have been
    EXPECT_EQ(missing.offset_bytes, file.size());
    EXPECT_EQ(surplus.error, format_errc::mismatch);
    EXPECT_EQ(surplus.member_index, 42u);
}

TEST_F(VerifyFull, TellsABrokenFileFromADifferentOne) {
    bytes file = compressed(on, data, {.member_bytes = 70000});
    file.back() ^= std::byte{1};

    EXPECT_EQ(verify(data, file).error, format_errc::wrong_size);
}

TEST_F(VerifyFull, ReportsAReadError) {
    memory_storage source(data, block_4096);
    source.fail_next_read(make_error_code(boost::system::errc::io_error), 3);
    memory_storage file(compressed(on, data));

    EXPECT_THROW(on.run(pipeline::verify_full(on.route(source, nullptr), file, container::gzip)),
                 system_error);
    EXPECT_TRUE(on.all_slots_free());
}

TEST_F(VerifyFull, PassesOverWhatFollowsTheMembersOfASourceButNotOfAnOutput) {
    bytes file = compressed(on, data, {.member_bytes = 70000});
    const std::size_t end_of_members = file.size();
    file.resize(file.size() + 4096, std::byte{7});
    memory_storage source(data, block_4096);
    memory_storage followed(file, block_512);

    EXPECT_FALSE(verify(data, file).error);
    try {
        on.run(pipeline::verify_output(on.route(source, nullptr), followed, container::gzip));
        ADD_FAILURE() << "nobody minds";
    } catch (const pipeline::format_error& found) {
        EXPECT_EQ(found.code(), format_errc::mismatch);
        EXPECT_EQ(found.offset_bytes(), end_of_members);
    }
}

}  // namespace
}  // namespace peerpress
