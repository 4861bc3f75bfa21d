#include "pipeline/gzip/header_parser.hpp"
#include "pipeline/gzip/member.hpp"
#include "tests/support/gzip_headers.hpp"
#include "tests/support/reference_zlib.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string_view>

namespace peerpress::pipeline::gzip {
namespace {

using test::bytes;
using test::header_options;
using test::make_header;
using test::subfield;

member_header parsed(const bytes& header) {
    const header_result result = parse_header(header, true);
    EXPECT_EQ(result.state, header_state::complete);
    return result.header;
}

TEST(GzipHeader, EndsWhereItsDataBegin) {
    const header_options every_field{
        .extra = subfield("XY", {1, 2, 3}), .name = "name", .comment = "comment", .crc = true};

    EXPECT_EQ(parsed(make_header({})).header_bytes, 10u);
    EXPECT_EQ(parsed(make_header({.name = "name"})).header_bytes, 15u);
    EXPECT_EQ(parsed(make_header(every_field)).header_bytes, 10u + 2 + 7 + 5 + 8 + 2);
}

TEST(GzipHeader, LeavesTheDataBehindItAlone) {
    bytes header = make_header({.name = "name"});
    const std::size_t header_bytes = header.size();
    header.insert(header.end(), 100, std::byte{0xff});

    header_parser parser;

    EXPECT_EQ(parser.feed(header), header_bytes);
    EXPECT_EQ(parser.state(), header_state::complete);
    EXPECT_EQ(parser.feed(header), 0u);
}

TEST(GzipHeader, AsksForMoreUntilTheLastByteAndIsTruncatedWhereNoneCome) {
    const bytes header = make_header(
        {.extra = subfield("MZ", {9, 0, 0, 0}), .name = "name", .comment = "text", .crc = true});

    for (std::size_t length = 0; length < header.size(); ++length) {
        const bytes_view cut = bytes_view(header).first(length);
        EXPECT_EQ(parse_header(cut, false).state, header_state::need_more) << length;
        EXPECT_EQ(parse_header(cut, true).state, header_state::invalid) << length;
        EXPECT_EQ(parse_header(cut, true).error, format_errc::truncated) << length;
    }
    EXPECT_EQ(parse_header(header, false).state, header_state::complete);
}

TEST(GzipHeader, NamesWhatIsWrong) {
    const auto error_of = [](const bytes& header) {
        const header_result result = parse_header(header, false);
        EXPECT_EQ(result.state, header_state::invalid);
        return result.error;
    };
    const auto with = [](std::size_t index, int value, const header_options& options) {
        bytes header = make_header(options);
        header[index] = static_cast<std::byte>(value);
        return header;
    };

    EXPECT_EQ(error_of(with(0, 'P', {})), format_errc::not_compressed);
    EXPECT_EQ(error_of(with(1, 'K', {})), format_errc::not_compressed);
    EXPECT_EQ(error_of(with(2, 7, {})), format_errc::unsupported_method);
    EXPECT_EQ(error_of(with(3, 0x20, {})), format_errc::unsupported_method);
    EXPECT_EQ(error_of(with(4, 2, {.crc = true})), format_errc::bad_header);
}

TEST(GzipHeader, PassesANameOfAnyLengthThroughInPieces) {
    const bytes header = make_header({.name = std::string(5'000'000, 'n'), .crc = true});

    header_parser parser;
    bytes_view rest = header;
    while (!rest.empty()) {
        const bytes_view piece = rest.first(std::min<std::size_t>(rest.size(), 4096));
        ASSERT_EQ(parser.feed(piece), piece.size());
        rest = rest.subspan(piece.size());
    }

    EXPECT_EQ(parser.state(), header_state::complete);
    EXPECT_EQ(parser.header().header_bytes, header.size());
}

TEST(GzipConvention, TellsTheMembersLengthByEachOfThem) {
    const member_header migz = parsed(make_header({.extra = subfield("MZ", {100, 1, 0, 0})}));
    const member_header bgzf = parsed(make_header({.extra = subfield("BC", {99, 1})}));
    const member_header qatzip =
        parsed(make_header({.extra = subfield("QZ", {1, 2, 3, 4, 100, 1, 0, 0})}));
    const member_header pgzip =
        parsed(make_header({.extra = subfield("IG", {100, 1, 0, 0}), .name = "file"}));

    EXPECT_EQ(migz.convention, convention::migz);
    EXPECT_EQ(migz.member_bytes, 20u + 356 + 8);
    EXPECT_EQ(bgzf.convention, convention::bgzf);
    EXPECT_EQ(bgzf.member_bytes, 356u);
    EXPECT_EQ(qatzip.convention, convention::qatzip);
    EXPECT_EQ(qatzip.member_bytes, 24u + 356 + 8);
    EXPECT_EQ(pgzip.convention, convention::pgzip);
    EXPECT_EQ(pgzip.member_bytes, 356u);
}

TEST(GzipConvention, IsFoundBehindOtherSubfields) {
    bytes extra = subfield("XX", {1, 2, 3, 4, 5, 6, 7, 8, 9});
    const bytes known = subfield("MZ", {100, 0, 0, 0});
    extra.insert(extra.end(), known.begin(), known.end());

    EXPECT_EQ(parsed(make_header({.extra = extra})).member_bytes, 10u + 2 + 13 + 8 + 100 + 8);
}

TEST(GzipConvention, IsNoneWhereTheSubfieldIsNotWhatItsNamePromises) {
    const bytes truncated = {std::byte{'M'}, std::byte{'Z'}, std::byte{4}, std::byte{0},
                             std::byte{9}};
    const bytes not_a_subfield(3, std::byte{'M'});

    for (const bytes& extra : {subfield("MZ", {1, 0, 0}), subfield("BC", {1, 0, 0, 0}),
                               subfield("ZM", {1, 0, 0, 0}), truncated, not_a_subfield, bytes{}}) {
        const member_header header = parsed(make_header({.extra = extra}));
        EXPECT_EQ(header.convention, convention::none);
        EXPECT_EQ(header.member_bytes, std::nullopt);
    }
}

TEST(GzipConvention, BelievesNoLengthThatCannotHoldAMember) {
    // Less than an empty deflate block would leave.
    for (const bytes& extra :
         {subfield("MZ", {0, 0, 0, 0}), subfield("MZ", {1, 0, 0, 0}), subfield("BC", {0, 0}),
          subfield("BC", {26, 0}), subfield("IG", {0, 0, 0, 0}), subfield("IG", {29, 0, 0, 0}),
          subfield("QZ", {9, 0, 0, 0, 0, 0, 0, 0})}) {
        EXPECT_EQ(parsed(make_header({.extra = extra})).member_bytes, std::nullopt);
    }
    EXPECT_EQ(parsed(make_header({.extra = subfield("MZ", {2, 0, 0, 0})})).member_bytes, 30u);
    EXPECT_EQ(parsed(make_header({.extra = subfield("BC", {27, 0})})).member_bytes, 28u);
}

TEST(GzipConvention, CountsToFourGiBWithoutWrapping) {
    EXPECT_EQ(parsed(make_header({.extra = subfield("MZ", {255, 255, 255, 255})})).member_bytes,
              28u + 0xffffffffull);
    EXPECT_EQ(parsed(make_header({.extra = subfield("BC", {255, 255})})).member_bytes, 65536u);
}

// Headers of every shape, whole and damaged, in pieces of every size: zlib's verdict and ours are
// one.
TEST(GzipHeader, IsJudgedAsZlibJudgesIt) {
    std::mt19937 random(1);
    int complete = 0;
    int invalid = 0;
    for (int round = 0; round < 20'000; ++round) {
        bytes header = test::random_header(random);
        test::damage(header, random);
        SCOPED_TRACE(round);

        header_parser parser;
        bytes_view rest = header;
        while (!rest.empty() && parser.state() == header_state::need_more) {
            const bytes_view piece = rest.first(1 + random() % rest.size());
            rest = rest.subspan(parser.feed(piece));
        }
        const test::reference_header expected = test::reference_parse_header(header);

        ASSERT_EQ(parser.state() == header_state::complete,
                  expected.verdict == test::reference_verdict::complete);
        if (parser.state() == header_state::complete) {
            ++complete;
            ASSERT_EQ(parser.header().header_bytes, expected.header_bytes);
        }
        if (parser.state() == header_state::invalid) {
            ++invalid;
            // A byte or two earlier than zlib, which looks at them in pairs; never on other
            // grounds.
            bytes continued = header;
            continued.resize(header.size() + 2);
            ASSERT_EQ(test::reference_parse_header(continued).verdict,
                      test::reference_verdict::invalid);
        }
        ASSERT_EQ(parse_header(header, false).state, parser.state());
    }
    EXPECT_GT(complete, 2'000);
    EXPECT_GT(invalid, 2'000);
}

}  // namespace
}  // namespace peerpress::pipeline::gzip
